#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

namespace {

constexpr std::string_view own_prefix = "highwater.";

}  // namespace

// What remains is to learn from a server what it would have said at login, with the client's settings.
void session::start(newcomer& who) {
  const auto alive = shared_from_this();
  session_settings wanted;
  std::string application;
  for (const auto& [name, value] : who.settings) {
    if (!name.starts_with(own_prefix)) put(wanted, name, value);
    if (name == "application_name") application = value;
  }
  kind_ = worker_.kind(who.user, who.database, application);
  client_.transaction.level.start(std::nullopt, worker_.shared.settings.consistency.default_level);
  for (const auto& [name, value] : who.settings) {
    if (take_setting(name, value)) continue;
    std::string what = "invalid value for startup parameter \"";
    what.append(name).append("\": \"").append(value).append("\"");
    return fatal({std::string(wire::sqlstate::invalid_parameter_value), std::move(what), "",
                  "Highwater knows highwater.level with the levels " + all_names<config::level>() + "."});
  }
  client_.at_login = worker_.interner.intern(std::move(wanted));
  client_.adopt(client_.at_login, worker_.interner);
  work().input = std::move(who.input);

  const bool may_be_known = worker_.view().has_primary() && !keeps_one_server();
  auto& shared = worker_.shared;
  if (const auto known = may_be_known ? shared.welcomes.find(login_as(), shared.logins) : nullptr)
    return send_welcome(known);
  work_->attempt.begin(std::chrono::steady_clock::now(), worker_.shared.settings.pool.queue_timeout);
  start_plan();
  settle();
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
