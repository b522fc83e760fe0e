#include "proxy/server/server_connection.hpp"

#include <unistd.h>

#include <utility>

namespace highwater::proxy {

namespace {

// Longest beginning of an incomplete message that is kept; the reader lets no message through that needs more.
constexpr std::size_t max_partial = wire::reply_reader::max_held + wire::header_size;

// Replies to what the connection asked for itself, or that nobody waits for any more.
struct own_replies {
  server_connection& connection;
  std::optional<wire::error>& error;
  lease_holder* holder = nullptr;  // who listens, if somebody does

  // All that was asked is hidden, so what is left is unasked: a notification.
  void forward(std::string_view bytes) {
    if (holder != nullptr) holder->on_notification(bytes);
  }
  void completed(const wire::expected_reply& what) {
    if (what.kind == wire::reply_kind::parse) connection.learn(what.statement);
  }
  void abandoned(const wire::expected_reply& what) { connection.skipped(what); }
  void local(const wire::expected_reply&) {}
  void command_complete(std::string_view) {}
  bool parameter_status(const wire::parameter_status_message& message) {
    connection.note_parameter(message.name, message.value);
    return false;
  }
  bool failed(const wire::error_fields& fields, bool) {
    error = {std::string(fields.code), std::string(fields.message), "", ""};
    return false;
  }
  void copy_in() {}
  void copy_ended() {}
  bool ready(wire::transaction_status status, bool) {
    connection.status = status;
    return !connection.queue.empty();
  }
};

}  // namespace

std::string server_name(statement_id id) {
  return "_highwater_" + std::to_string(id);
}

server_connection::server_connection(connection_context& context, connection_home& home, routing::node_index node)
    : context_(&context), home_(&home), node_(node) {}

server_connection::~server_connection() {
  *alive_ = false;
  context_->timers.cancel(deadline_);
  if (moving_ >= 0) ::close(moving_);
}

std::unique_ptr<server_connection> server_connection::move_to(connection_context& context, connection_home& home) {
  auto moved = std::make_unique<server_connection>(context, home, node_);
  moved->moving_ = stream_.release();
  moved->partial_ = std::move(partial_);
  moved->state_ = state::ready;
  moved->key_ = key_;
  moved->parameters_ = std::move(parameters_);
  moved->settings_ = std::move(settings_);
  moved->prepared_ = std::move(prepared_);
  moved->unnamed = unnamed;
  moved->writer = writer;
  moved->proved = proved;
  moved->established_ = established_;
  moved->idle_since_ = idle_since_;
  state_ = state::closed;
  return moved;
}

// On the other worker's thread: its event loop is nobody else's to touch.
void server_connection::resume_after_move() {
  boost::asio::ip::tcp::socket socket(context_->io);
  boost::system::error_code ignored;
  socket.assign(boost::asio::ip::tcp::v4(), std::exchange(moving_, -1), ignored);
  stream_ = stream(std::move(socket), *this);
  stream_.await_readable();
}

void server_connection::close() {
  state_ = state::closed;
  context_->timers.cancel(deadline_);
  std::string goodbye;
  wire::write_empty(goodbye, wire::frontend::terminate);
  stream_.write(goodbye);
  stream_.close();
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
  if (partial_.size() + wire::header_size > scratch.size()) scratch.resize(2 * partial_.size());
  partial_.copy(scratch.data(), partial_.size());
  const auto got = stream_.read(scratch.data() + partial_.size(), scratch.size() - partial_.size());
  if (got.status == stream::read_status::closed) {
    if (state_ == state::logging_in) return fail_connect(server_lost("the server closed the connection"));
    return lost(server_lost("the server closed the connection"));
  }
  const std::string_view bytes(scratch.data(), partial_.size() + got.size);
  const auto used = got.size == 0 ? 0 : handle(bytes);
  if (state_ == state::closed) return;
  if (bytes.size() - used > max_partial) return lost(server_lost("the server sent a message that is too long"));
  if (got.size != 0) partial_.assign(bytes.substr(used));
  if (!paused_) stream_.await_readable();
}

std::size_t server_connection::handle(std::string_view bytes) {
  switch (state_) {
    case state::logging_in: {
      std::size_t used = 0;
      login_with(bytes, used);
      return used;
    }
    case state::ready:
      if (holder_ != nullptr) return holder_->on_server_bytes(bytes);
      [[fallthrough]];
    case state::applying:
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
  own_replies handler{*this, own_error_};
  const auto used = reader.read(bytes, queue, handler).consumed;
  own_error_.reset();
  return used;
}

std::size_t server_connection::handle_own(std::string_view bytes) {
  own_replies handler{*this, own_error_, state_ == state::applying ? holder_ : nullptr};
  const auto read = reader.read(bytes, queue, handler);
  if (read.what == wire::reply_reader::outcome::violation) {
    // Unasked: what a server says before it closes an idle connection.
    lost(server_lost("the server ended the connection"));
    return bytes.size();
  }
  if (queue.empty() && (state_ == state::applying || state_ == state::cleaning)) finish_own();
  return read.consumed;
}

void server_connection::finish_own() {
  if (state_ == state::cleaning) {
    const bool failed = std::exchange(own_error_, std::nullopt).has_value();
    if (std::exchange(discarding_, false) && failed) return lost(server_lost("its state could not be discarded"));
    return clean();
  }
  state_ = state::ready;
  const auto error = std::exchange(own_error_, std::nullopt);
  if (!error) settings_ = wanted_;
  wanted_ = nullptr;
  if (holder_ != nullptr) holder_->on_settings_applied(error ? &*error : nullptr);
}

bool server_connection::apply(const settings_ptr& wanted) {
  if (same(settings_, wanted)) {
    settings_ = wanted;
    return false;
  }
  std::string request;
  wire::write_query(request, transition_sql(*settings_, *wanted));
  queue.push({wire::reply_kind::query, true, false, 0});
  unnamed = 0;
  wanted_ = wanted;
  state_ = state::applying;
  stream_.write(request);
  read_on();
  return true;
}

void server_connection::give_back() {
  holder_ = nullptr;
  paused_ = false;
  if (state_ == state::closed) return;
  const bool unanswerable = reader.in_message() || reader.copying_in() || queue.size() != 0;
  if (unanswerable &&
      (reader.copying_in() || queue.ready_count() == 0 || !wire::ends_with_ready(queue.at(queue.size() - 1).kind))) {
    return lost(server_lost("given back in the middle of an exchange"));
  }
  state_ = state::cleaning;
  clean();
}

// What still has to happen before the next session may have it.
void server_connection::clean() {
  if (!queue.empty()) return read_on();
  if (status != wire::transaction_status::idle || stream_.pending() != 0) {
    return lost(server_lost("given back inside a transaction"));
  }
  // An answer to a Sync of which it is not known whether the server has ignored it would be taken for another
  // session's.
  if (reader.may_owe_ready()) return lost(server_lost("a copy failed"));
  // The signal may come to the backend after its sender has hung up, and past any answer: it must not find another
  // session's statement.
  if (cancels != 0) return lost(server_lost("a cancel was sent to it"));
  if (std::exchange(soiled, false)) {
    std::string request;
    wire::write_query(request, "DISCARD ALL");
    queue.push({wire::reply_kind::query, true, false, 0});
    stream_.write(request);
    discarding_ = true;
    forget_all();
    unnamed = 0;
    settings_ = no_settings();
    return read_on();
  }
  state_ = state::ready;
  reader.reset();
  idle_since_ = std::chrono::steady_clock::now();
  read_on();
  home_->on_clean(*this);
}

// The server has passed it over, after an error: what it would have done to the connection it has not.
void server_connection::skipped(const wire::expected_reply& what) {
  if (what.kind == wire::reply_kind::parse) {
    forget(what.statement);
    // The server holds the unnamed statement of whoever was here before.
    if (what.statement == 0) unnamed = 0;
  } else if (what.kind == wire::reply_kind::close) {
    learn(what.statement);
  }
}

void server_connection::note_parameter(std::string_view name, std::string_view value) {
  for (auto& [known, current] : parameters_) {
    if (known == name) {
      current = value;
      return;
    }
  }
  parameters_.emplace_back(name, value);
}

}  // namespace highwater::proxy
