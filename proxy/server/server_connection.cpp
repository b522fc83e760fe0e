#include "proxy/server/server_connection.hpp"

#include <unistd.h>

#include <atomic>
#include <utility>

#include "proxy/server/cancel_request.hpp"
#include "proxy/server/farewell.hpp"

namespace highwater::proxy {

namespace {

constexpr std::chrono::seconds longest_cancel{5};
constexpr std::size_t most_cancel_waiters = 16;
constexpr std::chrono::seconds longest_farewell{5};

// Longest beginning of an incomplete message that is kept; the reader lets no message through that needs more.
constexpr std::size_t max_partial = wire::reply_reader::max_held + wire::header_size;

// Replies to what the connection asked for itself, or that nobody waits for any more.
struct own_replies {
  server_connection& connection;
  lease_holder* holder = nullptr;  // who listens, if somebody does

  // All that was asked is hidden, so what is left is unasked: a notification.
  void forward(std::string_view bytes) {
    if (holder != nullptr) holder->on_notification(bytes);
  }
  server_session& known() const { return connection.session(); }
  void completed(const wire::expected_reply& what) { known().completed(what); }
  void described(const wire::expected_reply& what, const wire::frame& message) { known().described(what, message); }
  void abandoned(const wire::expected_reply& what, bool failed) { known().skipped(what, failed); }
  void local(const wire::expected_reply&) {}
  void command_complete(std::string_view) {}
  bool parameter_status(const wire::parameter_status_message& message) {
    known().note_parameter(message.name, message.value);
    return false;
  }
  void replacement() {}
  wire::after_error failed(const wire::error_fields& fields, bool) {
    connection.note_failure(fields);
    return wire::after_error::hide;
  }
  void copy_in(std::size_t) {}
  void copy_ended(bool) {}  // it is closed if it is given back within a copy
  void late_syncs(std::size_t, bool, wire::transaction_status) {}
  wire::after_ready ready(wire::transaction_status status, const wire::expected_reply& what) {
    known().ready(status, what);
    return known().owes() ? wire::after_ready::go_on : wire::after_ready::stop;
  }
};

}  // namespace

server_connection::server_connection(connection_context& context, connection_home& home, routing::node_index node)
    : context_(&context), home_(&home), baggage_{server_session(node)} {
  static std::atomic<std::uint64_t> last{0};
  baggage_.id = ++last;
}

server_connection::~server_connection() {
  *alive_ = false;
  if (cancel_next_) {
    for (const auto& over : *cancel_next_) over();
  }
  context_->timers.cancel(deadline_);
}

void server_connection::connect(server_target to) {
  session().begin(std::chrono::steady_clock::now());
  connector_ = std::make_unique<server_connector>(*context_, std::move(to), [this](server_connector::outcome how) {
    const auto used_up = std::move(connector_);
    auto* const made = std::get_if<connected_server>(&how);
    made != nullptr ? connected(std::move(*made)) : fail_connect(std::get<wire::error>(how));
  });
  connector_->start();
}

void server_connection::connected(connected_server made) {
  idle_since_ = std::chrono::steady_clock::now();
  auto& login = *made.login;
  session().logged_in({login.key(), std::move(login.parameters()), login.server_started(), idle_since_});
  baggage_.endpoint = made.endpoint;
  baggage_.host = std::move(made.host);
  baggage_.encryption = std::move(made.encryption);
  baggage_.partial = std::move(made.rest);
  stream_ = std::move(made.stream);
  stream_.tell(*this);
  stream_.await_readable();
  state_ = state::ready;
  home_->on_connected(*this);
}

void server_connection::fail_connect(const wire::error& why) {
  if (state_ == state::closed) return;
  state_ = state::closed;
  home_->on_connect_failed(*this, why);
}

std::unique_ptr<server_connection> server_connection::move_to(connection_context& context, connection_home& home) {
  auto moved = std::make_unique<server_connection>(context, home, node());
  moved->moving_ = stream_.release();
  moved->baggage_ = std::move(baggage_);
  moved->state_ = state::ready;
  moved->idle_since_ = idle_since_;
  state_ = state::closed;
  return moved;
}

// On the other worker's thread: its event loop is nobody else's to touch.
void server_connection::resume_after_move() {
  stream_ = stream(context_->loop, std::move(moving_), *this);
  stream_.await_readable();
}

void server_connection::close(std::function<void()> gone) {
  state_ = state::closed;
  context_->timers.cancel(deadline_);
  connector_ = nullptr;
  std::string goodbye;
  wire::write_empty(goodbye, wire::frontend::terminate);
  stream_.write(goodbye);
  const bool leaves = gone && stream_.is_open() && stream_.pending() == 0;
  if (leaves) {
    return await_end(context_->loop, context_->timers, stream_.release().socket, longest_farewell, std::move(gone));
  }
  stream_.close();
  if (gone) gone();
}

void server_connection::lost(const wire::error& why) {
  if (state_ == state::closed) return;
  state_ = state::closed;
  stream_.close();
  if (auto* holder = std::exchange(holder_, nullptr)) holder->on_server_lost(why);
  home_->on_lost(*this);
}

void server_connection::on_readable() {
  auto& scratch = context_->scratch;
  if (baggage_.partial.size() + wire::header_size > scratch.size()) scratch.resize(2 * baggage_.partial.size());
  baggage_.partial.copy(scratch.data(), baggage_.partial.size());
  const auto got = stream_.read(scratch.data() + baggage_.partial.size(), scratch.size() - baggage_.partial.size());
  if (got.status == stream::read_status::closed) return lost(server_lost("the server closed the connection"));
  const std::string_view bytes(scratch.data(), baggage_.partial.size() + got.size);
  const auto used = got.size == 0 ? 0 : handle(bytes);
  if (state_ == state::closed) return;
  if (bytes.size() - used > max_partial) return lost(server_lost("the server sent a message that is too long"));
  if (got.size != 0) baggage_.partial.assign(bytes.substr(used));
  if (!paused_) stream_.await_readable();
}

std::size_t server_connection::handle(std::string_view bytes) {
  switch (state_) {
    case state::ready:
      if (holder_ != nullptr) return holder_->on_server_bytes(bytes);
      [[fallthrough]];
    case state::applying:
    case state::preparing:
    case state::cleaning:
      return handle_own(bytes);
    case state::connecting:
    case state::closed:
      break;
  }
  return bytes.size();
}

void server_connection::on_drained() {
  if (holder_ != nullptr) holder_->on_server_drained();
}

std::size_t server_connection::skip(std::string_view bytes) {
  own_replies handler{*this};
  const auto used = session().take(bytes, handler).consumed;
  own_error_.reset();
  own_error_message_.clear();
  return used;
}

std::size_t server_connection::handle_own(std::string_view bytes) {
  own_replies handler{*this, holder_};
  const auto read = session().take(bytes, handler);
  if (read.what == wire::reply_reader::outcome::violation) {
    // Unasked: what a server says before it closes an idle connection.
    lost(server_lost("the server ended the connection"));
    return bytes.size();
  }
  if (!session().owes() && state_ != state::ready) finish_own();
  return read.consumed;
}

void server_connection::finish_own() {
  if (state_ == state::cleaning) {
    own_error_message_.clear();
    const bool failed = std::exchange(own_error_, std::nullopt).has_value();
    if (std::exchange(discarding_, false) && failed) return lost(server_lost("its state could not be discarded"));
    return clean();
  }
  if (state_ == state::preparing) return finish_preparing();
  state_ = state::ready;
  own_error_message_.clear();
  const auto error = std::exchange(own_error_, std::nullopt);
  if (!error) session().assume(wanted_);
  wanted_ = nullptr;
  if (holder_ != nullptr) holder_->on_settings_applied(error ? &*error : nullptr);
}

void server_connection::ask_hidden(std::string_view sql) {
  std::string request;
  session().add_hidden_query(sql, request);
  send_and_read(request);
}

bool server_connection::apply(const settings_ptr& wanted) {
  const auto& now = session().settings();
  if (same(now, wanted)) {
    session().assume(wanted);
    return false;
  }
  const auto change = transition_sql(*now, *wanted);
  wanted_ = wanted;
  state_ = state::applying;
  ask_hidden(change);
  return true;
}

// In the middle of an exchange, a Sync or the end of it is missing for the server to come to rest.
void server_connection::give_back() {
  holder_ = nullptr;
  paused_ = false;
  if (state_ == state::closed) return;
  if (session().is_open() || session().copying_in())
    return lost(server_lost("given back in the middle of an exchange"));
  state_ = state::cleaning;
  if (context_->configured->pool.server_reset == config::server_reset::always) session().soil();
  clean();
}

// What still has to happen before the next session may have it.
void server_connection::clean() {
  auto& known = session();
  if (known.owes() || cancelling_) {
    limit_cleaning();
    return read_on();
  }
  if (!known.idle() || stream_.pending() != 0) return lost(server_lost("given back inside a transaction"));
  // After a copy that failed it is not known which of its Syncs are still to be answered, among others.
  if (!known.is_settled()) return lost(server_lost("given back with an answer outstanding"));
  if (cancel_lost_) return lost(server_lost("a cancel request to it was lost"));
  if (known.is_soiled_for_good()) return lost(server_lost("it holds what only its end takes away"));
  if (known.is_soiled()) {
    known.discarding();
    discarding_ = true;
    limit_cleaning();
    return ask_hidden("DISCARD ALL");
  }
  context_->timers.cancel(deadline_);
  state_ = state::ready;
  known.rest();
  idle_since_ = std::chrono::steady_clock::now();
  read_on();
  home_->on_clean(*this);
}

// A server that does not answer to what cleans its session keeps a place of the pool for nothing.
void server_connection::limit_cleaning() {
  if (deadline_.number != 0) return;
  deadline_ =
      context_->timers.schedule(std::chrono::steady_clock::now() + context_->configured->timeouts.cleaning, [this] {
        deadline_ = {};
        lost(server_lost("it was not clean in time"));
      });
}

void server_connection::cancel(std::function<void()> over) {
  auto& waiting = cancelling_ ? cancel_next_ : cancelling_;
  const bool first = !waiting;
  if (first) waiting = std::make_shared<cancel_waiters::element_type>();
  // Who asks that often does not mean to wait for each.
  if (over && waiting->size() >= most_cancel_waiters) {
    over();
  } else if (over) {
    waiting->push_back(std::move(over));
  }
  if (first && !cancel_next_) send_cancel();
}

// Who waits is told, whatever has become of the connection.
void server_connection::send_cancel() {
  cancel_target to{baggage_.endpoint, session().key()};
  if (stream_.tls() != nullptr) to.encrypts_as = &baggage_.encryption;
  to.host = baggage_.host;
  send_cancel_request(context_->loop, context_->timers, to, longest_cancel,
                      [this, alive = alive_, waiting = cancelling_](bool delivered) {
                        for (const auto& over : *waiting) over();
                        if (*alive) cancel_over(delivered);
                      });
}

void server_connection::cancel_over(bool delivered) {
  cancel_lost_ |= !delivered;
  cancelling_ = std::exchange(cancel_next_, nullptr);
  if (cancelling_) return send_cancel();
  if (state_ == state::cleaning && !session().owes()) clean();
}

// The first one is the cause of what follows.
void server_connection::note_failure(const wire::error_fields& fields) {
  if (own_error_) return;
  own_error_ = wire::as_said(fields);
  wire::writer(own_error_message_, wire::backend::error_response).bytes(fields.body);
}

void server_connection::finish_preparing() {
  state_ = state::ready;
  own_error_.reset();
  const auto failed = std::exchange(own_error_message_, {});
  if (holder_ != nullptr) holder_->on_prepared(failed);
}

void server_connection::prepare(std::span<const statement_to_prepare> what, std::size_t most) {
  using wire::reply_kind;
  auto& known = session();
  const bool was_open = known.is_open();
  std::string request;
  known.close_surplus(std::max(most, what.size()) - what.size(), request);
  for (const auto& one : what) {
    const server_name own(one.id);
    const auto name = one.unnamed ? std::string_view() : std::string_view(own);
    wire::write_parse(request, name, one.query, one.parameter_types);
    known.expect({reply_kind::parse, true, 0, one.id, one.unnamed});
    if (one.unnamed) known.unnamed_not_described();
    if (!one.unnamed) known.add_statement(one.id);
    if (!one.described) continue;
    wire::write_target(request, wire::frontend::describe, 'S', name);
    known.expect({reply_kind::describe_statement, true, 0, one.id});
  }
  wire::write_empty(request, was_open ? wire::frontend::flush : wire::frontend::sync);
  if (!was_open) known.expect({reply_kind::sync, true, 0, 0});
  state_ = state::preparing;
  send_and_read(request);
}

}  // namespace highwater::proxy
