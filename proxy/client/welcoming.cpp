#include "proxy/client/welcoming.hpp"

#include <utility>

#include "proxy/client/conversation.hpp"
#include "proxy/client/lease.hpp"
#include "proxy/client/newcomer.hpp"
#include "proxy/client/replies.hpp"

namespace highwater::proxy {

namespace {

constexpr std::string_view own_prefix = "highwater.";

// One of our own settings; false if there is no such one, or no such value.
bool take_setting(conversation& talk, std::string_view name, std::string_view value) {
  if (!name.starts_with(own_prefix)) return true;
  if (name != "highwater.level") return false;
  const auto asked = named<config::level>(value);
  talk.client.transaction.level.start(asked, talk.worker.settings->consistency.default_level);
  return asked && (*asked != config::level::bounded || talk.has_bound());
}

wire::error unknown_setting(std::string_view name, std::string_view value) {
  std::string what = "invalid value for startup parameter \"";
  what.append(name).append("\": \"").append(value).append("\"");
  return {std::string(wire::sqlstate::invalid_parameter_value), std::move(what), "",
          "Highwater knows highwater.level with the levels " + all_names<config::level>() + "."};
}

wire::error disabled(const std::string& database) {
  return {std::string(wire::sqlstate::cannot_connect_now), "database does not allow connections: " + database,
          "An operator has disabled it.", "ENABLE in Highwater's console ends that."};
}

welcomes::login login_as(const conversation& talk) {
  const auto& [user, database] = talk.kind->names.on_servers;
  return {user, database, *talk.client.settings};
}

}  // namespace

std::optional<wire::error> take_login(conversation& talk, newcomer& who) {
  session_settings wanted;
  std::string application;
  for (const auto& [name, value] : who.settings) {
    if (!name.starts_with(own_prefix)) put(wanted, name, value);
    if (name == "application_name") application = value;
  }
  talk.kind = talk.worker.kind(
      {who.user, who.database, application, config::names_on_servers(*talk.worker.settings, who.user, who.database)});
  if (talk.kind->database.disabled) return disabled(who.database);
  talk.client.transaction.level.start(std::nullopt, talk.worker.settings->consistency.default_level);
  for (const auto& [name, value] : who.settings) {
    if (!take_setting(talk, name, value)) return unknown_setting(name, value);
  }
  talk.client.address = who.address;
  talk.client.place = std::move(who.place);
  talk.client.counted = std::move(who.counted);
  talk.client.minor = static_cast<std::uint8_t>(who.minor);
  talk.client.at_login = talk.worker.interner.intern(std::move(wanted));
  talk.client.adopt(talk.client.at_login, talk.worker.interner);
  talk.work->inbox.buffer() = std::move(who.input);
  return std::nullopt;
}

parameters_ptr known_welcome(conversation& talk) {
  auto& shared = talk.worker.shared;
  const auto& view = talk.worker.view();
  if (!view.has_primary() || talk.keeps_one_server()) return nullptr;
  return shared.welcomes.find(login_as(talk), view.primary, shared.logins);
}

parameters_ptr learn_welcome(conversation& talk) {
  const auto& from = talk.server();
  auto parameters = std::make_shared<parameter_list>(from.parameters());
  for (auto& [name, value] : *parameters) {
    if (name == tells_of_node) value = "off";
  }
  talk.worker.shared.welcomes.remember(login_as(talk), {parameters, from.node(), from.begun()});
  if (talk.keeps_one_server()) {
    talk.under_way().pin(sql::pin_reason::pool_mode);
  } else {
    release(talk);
  }
  return parameters;
}

void send_welcome(conversation& talk, const parameters_ptr& parameters, const wire::backend_key_message& key) {
  talk.client.told.start(parameters);
  talk.client.identity = cancel_registry::identity_of(key);
  talk.worker.use_catalog(talk.kind->database);
  talk.worker.probe.logins.add();
  talk.greets = false;
  std::string out;
  wire::write_authentication_ok(out);
  for (const auto& [name, value] : *parameters) wire::write_parameter_status(out, name, value);
  wire::write_backend_key(out, key);
  wire::write_ready_for_query(out, wire::transaction_status::idle);
  talk.socket.write(out);
}

}  // namespace highwater::proxy
