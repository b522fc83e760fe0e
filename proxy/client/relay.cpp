#include "proxy/client/relay.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "proxy/client/arrival.hpp"
#include "proxy/client/context.hpp"
#include "proxy/client/refusals.hpp"
#include "proxy/io/log_text.hpp"
#include "proxy/server/cancel_request.hpp"

namespace highwater::proxy {

namespace {

// What is read at once, and so the most that is kept for a side that takes nothing.
constexpr std::size_t most_at_once = 64U << 10U;
// Nobody has a reason to say much before it is answered.
constexpr std::size_t enough_early = 4096;
constexpr std::chrono::seconds longest_cancel{5};

// As settings alone, and so nothing that is none: "user", in `options`, is not who logs in.
std::vector<std::pair<std::string, std::string>> parameters_of(const newcomer& who) {
  auto settings = who.settings;
  std::erase_if(settings, [](const auto& one) { return one.first.starts_with("highwater."); });
  const bool physical = who.replication == wire::replication::physical;
  return {{"replication", physical ? "true" : "database"}, {"options", wire::join_options(settings)}};
}

}  // namespace

relay::relay(worker_context& worker, newcomer who)
    : worker_(worker),
      who_(std::move(who)),
      on_servers_(config::names_on_servers(*worker.settings, who_.user, who_.database)) {
  client_.stream = std::move(who_.socket);
  client_.stream.tell(client_);
}

relay::~relay() {
  end();
}

// Until there is a primary ----------------------------------------------------------------------------

void relay::start() {
  worker_.probe.relays.add();
  const auto patience = config::allowed_to(*worker_.settings, who_.user, who_.database).pool.queue_timeout;
  deadline_ = worker_.timers.schedule(std::chrono::steady_clock::now() + patience, [this] { late(); });
  client_.stream.await_readable();
  look();
}

void relay::late() {
  const auto alive = shared_from_this();
  deadline_ = {};
  late_ = true;
  if (stage_ == stage::waiting) fail(turned_away_.value_or(no_node({})));
}

void relay::look() {
  if (stage_ == stage::ended) return;
  const auto alive = shared_from_this();
  const auto& view = worker_.view();
  if (stage_ != stage::waiting && view.has_primary() && !view.leads(node_)) {
    if (stage_ == stage::copying) return close("another primary than its own is there");
    wait();
  }
  if (stage_ == stage::waiting && view.has_primary()) connect();
}

void relay::wait() {
  connector_ = nullptr;
  stage_ = stage::waiting;
}

void relay::hear_early() {
  const auto got = client_.stream.read(worker_.scratch.data(), std::min(enough_early, worker_.scratch.size()));
  if (got.status == stream::read_status::closed) return end();
  who_.input.append(worker_.scratch, 0, got.size);
  if (who_.input.size() < enough_early) client_.stream.await_readable();
}

// Until it is connected -------------------------------------------------------------------------------

void relay::connect() {
  stage_ = stage::connecting;
  node_ = worker_.view().primary;
  const auto& node = worker_.shared.cluster.nodes[node_];
  server_target to{node.host, node.port, worker_.shared.encryption.load()->node(node_),
                   config::allowed_to(*worker_.settings, who_.user, who_.database).pool.connect_timeout,
                   [this] { return log_in(); }};
  connector_ =
      std::make_unique<server_connector>(worker_.connections, std::move(to), [this](server_connector::outcome how) {
        const auto alive = shared_from_this();
        const auto used_up = std::move(connector_);
        auto* const made = std::get_if<connected_server>(&how);
        made != nullptr ? connected(std::move(*made)) : turned_away(std::move(std::get<wire::error>(how)));
      });
  connector_->start();
}

server_login relay::log_in() const {
  const bool physical = who_.replication == wire::replication::physical;
  const auto& [user, database] = on_servers_;
  server_login made(user, physical ? "" : database, worker_.credentials_of(user), worker_.nonce());
  made.ask_for_walsender(parameters_of(who_));
  return made;
}

// One that does not answer may come back, or is about to be replaced.
void relay::turned_away(wire::error why) {
  worker_.probe.server_connect_failed(node_);
  const bool may_try_again = is_unreachable(why) && why.cause != wire::error_cause::refused && !late_;
  if (is_unreachable(why)) worker_.node_suspect(node_);
  why.detail = "Node " + worker_.shared.cluster.nodes[node_].name + " refused the connection.";
  if (!may_try_again) return fail(why);
  turned_away_ = std::move(why);
  wait();
}

void relay::connected(connected_server made) {
  stage_ = stage::copying;
  worker_.timers.cancel(deadline_);
  worker_.probe.logins.add();
  worker_.probe.server_connects.add();
  endpoint_ = made.endpoint;
  key_ = made.login->key();
  host_ = std::move(made.host);
  encryption_ = std::move(made.encryption);
  server_.stream = std::move(made.stream);
  server_.stream.tell(server_);
  const auto secret = worker_.cancel_secret(wire::cancel_secret_size(who_.minor));
  const auto key = worker_.shared.cancels.add_as(key_.process, secret, cancelling());
  identity_ = cancel_registry::identity_of(key);
  std::string greeting;
  wire::write_authentication_ok(greeting);
  greeting += made.login->told();
  wire::write_backend_key(greeting, key);
  wire::write_ready_for_query(greeting, wire::transaction_status::idle);
  client_.stream.write(greeting + made.rest);
  server_.stream.write(std::exchange(who_.input, {}));
  on_drained();
  look();
}

// From then on ----------------------------------------------------------------------------------------

void relay::on_readable(side& from) {
  const auto alive = shared_from_this();
  if (stage_ == stage::ended) return;
  if (stage_ != stage::copying) return hear_early();
  auto& scratch = worker_.scratch;
  const auto got = from.stream.read(scratch.data(), std::min(most_at_once, scratch.size()));
  if (got.status == stream::read_status::closed) return hang_up(from.other);
  from.other.stream.write({scratch.data(), got.size});
  read_on(from);
}

// Who does not take what there is gets no more: whoever sends it notices, as it would without us.
void relay::read_on(side& from) {
  if (from.other.stream.pending() == 0) from.stream.await_readable();
}

// Or broken: then that is what is read there next.
void relay::on_drained() {
  if (stage_ != stage::copying) return;
  read_on(client_);
  read_on(server_);
}

void relay::cancel(std::function<void()> over) {
  if (stage_ != stage::copying) return over();
  worker_.probe.cancels.add();
  cancel_target to{endpoint_, key_, host_};
  if (server_.stream.tls() != nullptr) to.encrypts_as = &encryption_;
  send_cancel_request(worker_.loop, worker_.timers, to, longest_cancel, [over = std::move(over)](bool) { over(); });
}

// How other threads ask for it.
std::function<void(std::function<void()>)> relay::cancelling() {
  return [&loop = worker_.loop, weak = weak_from_this()](std::function<void()> over) {
    loop.post([weak, over = std::move(over)]() mutable {
      const auto self = weak.lock();
      self ? self->cancel(std::move(over)) : over();
    });
  };
}

// Ending ----------------------------------------------------------------------------------------------

void relay::drain() {
  kill({std::string(wire::sqlstate::admin_shutdown), "Highwater is shutting down", "", "Connect again."});
}

void relay::kill(const wire::error& why) {
  if (stage_ == stage::ended) return;
  const auto alive = shared_from_this();
  stage_ == stage::copying ? close(why.message.c_str()) : fail(why);
}

void relay::database_gone(const std::string& database) {
  if (who_.replication != wire::replication::logical || on_servers_.database != database) return;
  kill({std::string(wire::sqlstate::admin_shutdown), "terminating connection due to administrator command",
        "Database \"" + database + "\" does not exist any more.", ""});
}

void relay::user_revoked(const auth::revoked_user& who) {
  if (who_.place && who_.place->who() == who.who) kill(why_ended(who));
}

// It has not been let in.
void relay::fail(const wire::error& why) {
  note_failed_login(worker_, who_.address, who_.user, who_.database, why);
  std::string out;
  wire::write_error(out, wire::severity::fatal, why);
  client_.stream.write(out);
  client_.stream.close_when_drained();
  end();
}

// Nobody knows where in a message it is, so nothing can be said.
void relay::close(const char* why) {
  spdlog::info("replication connection of user {} from {} to node {} is closed: {}", quoted(who_.user),
               who_.address.text(), worker_.shared.cluster.nodes[node_].name, why);
  end();
}

// What came before the end is still on its way.
void relay::hang_up(side& remaining) {
  remaining.stream.close_when_drained();
  end();
}

void relay::end() noexcept {
  if (std::exchange(stage_, stage::ended) == stage::ended) return;
  worker_.timers.cancel(deadline_);
  if (identity_ != 0) worker_.shared.cancels.remove(identity_);
  connector_ = nullptr;
  client_.stream.close();
  server_.stream.close();
  worker_.probe.relays.add(-1);
  worker_.probe.clients.add(-1);
  --worker_.shared.clients;
  worker_.relay_over(*this);
}

}  // namespace highwater::proxy
