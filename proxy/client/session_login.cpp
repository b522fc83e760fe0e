#include <utility>

#include "proxy/client/lease.hpp"
#include "proxy/client/replies.hpp"
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
  talk_.kind = talk_.worker.kind(who.user, who.database, application);
  talk_.client.transaction.level.start(std::nullopt, talk_.worker.shared.settings.consistency.default_level);
  for (const auto& [name, value] : who.settings) {
    if (take_setting(name, value)) continue;
    std::string what = "invalid value for startup parameter \"";
    what.append(name).append("\": \"").append(value).append("\"");
    return fatal({std::string(wire::sqlstate::invalid_parameter_value), std::move(what), "",
                  "Highwater knows highwater.level with the levels " + all_names<config::level>() + "."});
  }
  talk_.client.at_login = talk_.worker.interner.intern(std::move(wanted));
  talk_.client.adopt(talk_.client.at_login, talk_.worker.interner);
  work().inbox.buffer() = std::move(who.input);

  const bool may_be_known = talk_.worker.view().has_primary() && !talk_.keeps_one_server();
  auto& shared = talk_.worker.shared;
  if (const auto known = may_be_known ? shared.welcomes.find(login_as(), shared.logins) : nullptr)
    return send_welcome(known);
  talk_.work->attempt.begin(std::chrono::steady_clock::now(), talk_.worker.shared.settings.pool.queue_timeout);
  start_plan();
  settle();
}

bool session::take_setting(std::string_view name, std::string_view value) {
  if (!name.starts_with(own_prefix)) return true;
  if (name != "highwater.level") return false;
  const auto asked = named<config::level>(value);
  talk_.client.transaction.level.start(asked, talk_.worker.shared.settings.consistency.default_level);
  return asked && (*asked != config::level::bounded || talk_.has_bound());
}

// The settings have been applied to `from`, so its parameters are what the client would have been told.
void session::welcome(server_connection& from) {
  auto parameters = std::make_shared<parameter_list>(from.session().parameters());
  for (auto& [name, value] : *parameters) {
    if (name == tells_of_node) value = "off";
  }
  talk_.worker.shared.welcomes.remember(login_as(), {parameters, from.node(), from.session().begun()});
  if (talk_.keeps_one_server()) {
    talk_.under_way().pin(sql::pin_reason::pool_mode);
  } else {
    release(talk_);
  }
  send_welcome(std::move(parameters));
}

welcomes::login session::login_as() const {
  return {talk_.kind->user, talk_.kind->database.name, *talk_.client.settings};
}

void session::send_welcome(const parameters_ptr& parameters) {
  talk_.client.told.start(parameters);
  talk_.worker.use_catalog(talk_.kind->database);
  const auto cancel = [&loop = talk_.worker.loop, weak = weak_from_this()](cancel_registry::over_function over) {
    loop.post([weak, over = std::move(over)]() mutable {
      const auto self = weak.lock();
      self ? self->cancel(std::move(over)) : over();
    });
  };
  auto& cancels = talk_.worker.shared.cancels;
  const bool backend = talk_.leased() && talk_.under_way().held.pins.any();
  key_ = backend ? cancels.add_as(talk_.server().key().process, talk_.worker.random(), cancel)
                 : cancels.add(talk_.worker.random(), cancel);
  talk_.client.identity = std::uint64_t{key_.process} << 32U | key_.secret;
  std::string out;
  wire::write_authentication_ok(out);
  for (const auto& [name, value] : *parameters) wire::write_parameter_status(out, name, value);
  wire::write_backend_key(out, key_);
  wire::write_ready_for_query(out, wire::transaction_status::idle);
  talk_.greets = false;
  stage_ = stage::ready;
  talk_.worker.probe.logins.add();
  talk_.socket.write(out);
  process();
  settle();
}

}  // namespace highwater::proxy
