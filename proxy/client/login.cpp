#include "proxy/client/login.hpp"

#include <algorithm>
#include <cctype>

#include "proxy/client/operators.hpp"
#include "proxy/wire/frame.hpp"
#include "proxy/wire/names.hpp"
#include "proxy/wire/startup.hpp"

namespace highwater::proxy {

namespace {

// PostgreSQL's limit for messages before authentication (PG_MAX_AUTH_TOKEN_LENGTH).
constexpr std::uint64_t max_auth_message = 65'535;

using wire::cut_name;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// As pg_clean_ascii() of PostgreSQL 15, which knows of no encoding here.
std::string clean_ascii(std::string_view text) {
  std::string clean(text);
  std::ranges::replace_if(
      clean, [](char c) { return c < ' ' || c > '~'; }, '?');
  return clean;
}

wire::error not_the_protocol(std::string what) {
  return because(wire::error_cause::protocol,
                 {std::string(wire::sqlstate::protocol_violation), std::move(what), "", ""});
}

wire::error needs_encryption() {
  return because(wire::error_cause::credentials,
                 {std::string(wire::sqlstate::invalid_authorization), "this connection has to be encrypted",
                  "listen.tls.mode lets nobody in without TLS.", "Connect with sslmode=require, or a stricter one."});
}

}  // namespace

login::step login::refuse(const wire::error& why, std::string& out) {
  why_ = why;
  wire::write_error(out, wire::severity::fatal, why);
  return step::refused;
}

login::step login::refuse(const auth::failure_report& report, std::string& out) {
  using enum wire::error_cause;
  const auto cause = report.sqlstate == wire::sqlstate::protocol_violation ? protocol
                     : report.sqlstate.starts_with("57P")                  ? unavailable
                     : report.sqlstate.starts_with("28")                   ? credentials
                                                                           : refused;
  return refuse(because(cause, {std::string(report.sqlstate), report.message, std::string(report.detail),
                                std::string(report.hint)}),
                out);
}

login::step login::take(std::string_view bytes, std::size_t& used, std::string& out) {
  used = 0;
  if (waiting_) return step::more;
  return authentication_ ? take_response(bytes, used, out) : take_startup(bytes, used, out);
}

login::step login::take_startup(std::string_view bytes, std::size_t& used, std::string& out) {
  // A handshake without a request before it ("direct" TLS, of PostgreSQL 17).
  if (wire::is_tls_handshake(bytes) && door_.encryption.tls && !encrypted_ && encryption_requests_ == 0) {
    encrypted_ = true;
    return step::encrypt;
  }
  const auto packet = wire::read_startup(bytes, used);
  if (std::holds_alternative<wire::startup_incomplete>(packet)) return step::more;
  if (const auto* error = std::get_if<wire::error>(&packet))
    return refuse(because(wire::error_cause::protocol, *error), out);
  if (const auto* garbage = std::get_if<wire::not_startup>(&packet)) {
    why_ = not_the_protocol(std::string(garbage->why));
    return step::closed;
  }
  if (const auto* request = std::get_if<wire::cancel_request>(&packet)) {
    key = request->key;
    return step::cancel;
  }
  if (const auto* request = std::get_if<wire::startup_request>(&packet)) return begin(*request, out);
  return take_encryption_request(std::holds_alternative<wire::ssl_request>(packet), bytes.size() == used, out);
}

// What came along with the request was sent in the clear by somebody who expected otherwise, and is never taken for
// part of the session (CVE-2021-3935).
login::step login::take_encryption_request(bool tls, bool alone, std::string& out) {
  if (encrypted_) return refuse(not_the_protocol("the connection is encrypted already"), out);
  if (!alone || ++encryption_requests_ > 2) {
    return refuse(not_the_protocol("received unencrypted data after an encryption request"), out);
  }
  encrypted_ = tls && door_.encryption.tls;
  out.push_back(encrypted_ ? 'S' : 'N');
  return encrypted_ ? step::encrypt : step::more;
}

login::step login::begin(const wire::startup_request& request, std::string& out) {
  if (door_.encryption.required && !encrypted_) return refuse(needs_encryption(), out);
  const auto wrong = take_parameters(request);
  if (turned_away_ && !door_.operates && !is_console(door_.console, database)) return refuse(*turned_away_, out);
  if (wrong) return refuse(*wrong, out);
  minor = wire::spoken_minor(request.minor);
  if (minor != request.minor || !request.unknown_options.empty()) {
    std::vector<std::string_view> names(request.unknown_options.begin(), request.unknown_options.end());
    wire::write_negotiate_protocol_version(out, minor, names.data(), names.size());
  }
  return authenticate(out);
}

std::optional<wire::error> login::take_parameters(const wire::startup_request& request) {
  for (const auto& [name, value] : request.options) add_setting(name, value);
  for (const auto& [name, value] : request.parameters) {
    if (name == "user") {
      user = cut_name(value);
    } else if (name == "database") {
      database = cut_name(value);
    } else if (name != "replication") {
      add_setting(name, value);
    } else if (const auto asked = wire::read_replication(value)) {
      replication = *asked;
    } else {
      return wire::not_replication(value);
    }
  }
  if (user.empty()) {
    return wire::error{std::string(wire::sqlstate::invalid_authorization),
                       "no PostgreSQL user name specified in startup packet", "", ""};
  }
  if (database.empty()) database = user;
  return std::nullopt;
}

login::step login::authenticate(std::string& out) {
  if (door_.operates) return step::accepted;
  const bool physical = replication == wire::replication::physical;
  const auth::door from{door_.address, encrypted_, database, user, physical};
  const auto* const rule = door_.access->rules.first_match(from);
  if (rule == nullptr || rule->method == config::auth_method::reject) return refuse(auth::refusal(rule, from), out);
  authentication_.emplace(door_.access, *rule, user, surroundings(), std::move(random_));
  return go_on(authentication_->begin(out), out);
}

client_surroundings login::surroundings() const {
  client_surroundings around;
  // What a proof can be bound to, so that nobody in between can pass it on.
  if (encrypted_) around.channel = {true, door_.encryption.certificate_hash};
  around.shows_certificate = certificate_.has_value();
  around.certificate_name = certificate_.value_or("");
  around.system_user = door_.system_user;
  if (door_.address) around.address = to_string(*door_.address);
  return around;
}

login::step login::go_on(authentication::step with, std::string& out) {
  waiting_ = with == authentication::step::look_up || with == authentication::step::verify ||
             with == authentication::step::ask;
  switch (with) {
    case authentication::step::more:
      return step::more;
    case authentication::step::look_up:
      return step::look_up;
    case authentication::step::verify:
      return step::verify;
    case authentication::step::ask:
      return step::ask;
    case authentication::step::accepted:
      return step::accepted;
    case authentication::step::refused:
      break;
  }
  return refuse(auth::report(authentication_->why(), user), out);
}

login::step login::looked_up(std::optional<std::string> rolpassword, std::string& out) {
  return go_on(authentication_->looked_up(std::move(rolpassword), out), out);
}

login::step login::verified(const auth::result<void>& how, std::string& out) {
  return go_on(authentication_->verified(how), out);
}

login::step login::answered(const auth::verdict& how, std::string& out) {
  return go_on(authentication_->answered(how), out);
}

// Who logs in is not a setting: PostgreSQL takes session_authorization here, and does nothing with it.
void login::add_setting(std::string_view name, std::string_view value) {
  auto known_as = lower(std::string(name));
  if (known_as == "session_authorization") return;
  const bool is_application = known_as == "application_name";
  settings.emplace_back(std::move(known_as), is_application ? clean_ascii(value) : std::string(value));
}

login::step login::take_response(std::string_view bytes, std::size_t& used, std::string& out) {
  wire::frame message;
  const auto status = wire::peek_frame(bytes, max_auth_message, message);
  if (status == wire::frame_status::need_header) return step::more;
  if (status == wire::frame_status::bad_length || message.type != wire::frontend::password) {
    if (status == wire::frame_status::ok && message.type == wire::frontend::terminate) return step::closed;
    return refuse(not_the_protocol("expected a password response"), out);
  }
  if (!message.complete()) return step::more;
  used = message.available.size();
  return go_on(authentication_->take(message.body(), out), out);
}

}  // namespace highwater::proxy
