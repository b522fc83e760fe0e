#include <spdlog/spdlog.h>

#include <utility>

#include "proxy/client/session.hpp"
#include "proxy/io/log_text.hpp"

namespace highwater::proxy {

namespace {

constexpr std::string_view own_prefix = "highwater.";

}  // namespace

void session::process_login() {
  const auto most = worker_.shared.settings.limits.max_clients;
  const wire::error full{std::string(wire::sqlstate::too_many_connections), "sorry, too many clients already",
                         "Highwater serves at most " + std::to_string(most) + " clients.", "Raise limits.max_clients."};
  while (stage_ == stage::authenticating && login_) {
    if (worker_.shared.clients.load() >= most) login_->turn_away(full);
    std::string out;
    std::size_t used = 0;
    const auto step = login_->take(input_left(), used, out);
    consume(used);
    socket_.write(out);
    switch (step) {
      case login::step::more:
        if (used == 0) return;
        break;
      case login::step::accepted:
        known_now();
        if (worker_.shared.clients.fetch_add(1) >= most) return fatal(full);
        return accept();
      case login::step::cancel:
        return ask_to_cancel();
      case login::step::refused:
        login_failed(login_->why());
        socket_.close_when_drained();
        return end();
      case login::step::closed:
        if (!login_->why().message.empty()) login_failed(login_->why());
        return end();
    }
  }
}

// Who asks hears that it is done from the end of this connection, as with a server: what is run after that must not be
// hit. It will never log in, and a server that does not answer is not waited for without end.
void session::ask_to_cancel() {
  constexpr std::chrono::seconds longest_wait{10};
  const auto key = login_->key;
  login_ = nullptr;
  no_stranger_any_more();
  work_->deadline = worker_.timers.schedule(std::chrono::steady_clock::now() + longest_wait, [this] {
    const auto alive = shared_from_this();
    work_->deadline = {};
    end();
  });
  worker_.shared.cancels.cancel(key, [&loop = worker_.loop, weak = weak_from_this()] {
    loop.post([weak] {
      if (const auto self = weak.lock()) self->end();
    });
  });
}

void session::no_stranger_any_more() noexcept {
  worker_.timers.cancel(work_->deadline);
  work_->login_place.unlink();
  if (std::exchange(stranger_, false)) --worker_.shared.strangers;
}

// It counts as a client from here on.
void session::known_now() noexcept {
  no_stranger_any_more();
  counted_ = true;
}

void session::login_failed(const wire::error& why) {
  worker_.probe.login_failed(static_cast<std::size_t>(why.cause));
  if (!worker_.logins_told.may_tell(std::chrono::steady_clock::now())) return;
  const auto untold = worker_.logins_told.untold();
  // Authenticated or not, whom it said to be.
  const std::string user = kind_ ? kind_->user : login_->user;
  const std::string database = kind_ ? kind_->database.name : login_->database;
  spdlog::warn("client {} could not log in as user {} to database {}: {} ({}){}", socket_.peer(), quoted(user),
               quoted(database), why.message, why.code, and_more(untold));
}

// Authenticated. What remains is to learn from a server what it would have said at login, with the client's settings.
void session::accept() {
  session_settings wanted;
  std::string application;
  client_.transaction.level.start(std::nullopt, worker_.shared.settings.consistency.default_level);
  for (const auto& [name, value] : login_->settings) {
    if (!take_setting(name, value)) {
      std::string what = "invalid value for startup parameter \"";
      what.append(name).append("\": \"").append(value).append("\"");
      return fatal({std::string(wire::sqlstate::invalid_parameter_value), std::move(what), "",
                    "Highwater knows highwater.level with the levels " + all_names<config::level>() + "."});
    }
    if (!name.starts_with(own_prefix)) put(wanted, name, value);
    if (name == "application_name") application = value;
  }
  kind_ = worker_.kind(login_->user, login_->database, application);
  client_.at_login = worker_.interner.intern(std::move(wanted));
  client_.adopt(client_.at_login, worker_.interner);
  login_ = nullptr;
  greets_ = true;

  const bool may_be_known = worker_.view().has_primary() && !keeps_one_server();
  auto& shared = worker_.shared;
  if (const auto known = may_be_known ? shared.welcomes.find(login_as(), shared.logins) : nullptr)
    return send_welcome(known);
  work_->attempt.begin(std::chrono::steady_clock::now(), worker_.shared.settings.pool.queue_timeout);
  start_plan();
}

bool session::take_setting(std::string_view name, std::string_view value) {
  if (!name.starts_with(own_prefix)) return true;
  if (name != "highwater.level") return false;
  const auto asked = named<config::level>(value);
  client_.transaction.level.start(asked, worker_.shared.settings.consistency.default_level);
  return asked && (*asked != config::level::bounded || has_bound());
}

// From its login on, as what it is told of its backend has to stay true.
bool session::keeps_one_server() const noexcept {
  return worker_.shared.settings.pool.mode == config::pool_mode::session;
}

// The settings have been applied to `from`, so its parameters are what the client would have been told.
void session::welcome(server_connection& from) {
  auto parameters = std::make_shared<parameter_list>(from.session().parameters());
  for (auto& [name, value] : *parameters) {
    if (name == tells_of_node) value = "off";
  }
  worker_.shared.welcomes.remember(login_as(), {parameters, from.node(), from.session().begun()});
  if (keeps_one_server()) {
    under_way().pin(sql::pin_reason::pool_mode);
  } else {
    release();
  }
  send_welcome(std::move(parameters));
}

welcomes::login session::login_as() const {
  return {kind_->user, kind_->database.name, *client_.settings};
}

void session::send_welcome(const parameters_ptr& parameters) {
  client_.told.start(parameters);
  worker_.use_catalog(kind_->database);
  const auto cancel = [&loop = worker_.loop, weak = weak_from_this()](cancel_registry::over_function over) {
    loop.post([weak, over = std::move(over)]() mutable {
      const auto self = weak.lock();
      self ? self->cancel(std::move(over)) : over();
    });
  };
  auto& cancels = worker_.shared.cancels;
  const bool backend = leased() && under_way().held.pins.any();
  key_ = backend ? cancels.add_as(server().key().process, worker_.random(), cancel)
                 : cancels.add(worker_.random(), cancel);
  client_.identity = std::uint64_t{key_.process} << 32U | key_.secret;
  std::string out;
  wire::write_authentication_ok(out);
  for (const auto& [name, value] : *parameters) wire::write_parameter_status(out, name, value);
  wire::write_backend_key(out, key_);
  wire::write_ready_for_query(out, wire::transaction_status::idle);
  greets_ = false;
  stage_ = stage::ready;
  worker_.probe.logins.add();
  socket_.write(out);
  process();
  settle();
}

}  // namespace highwater::proxy
