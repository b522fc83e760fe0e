#include "proxy/client/login.hpp"

#include <algorithm>
#include <cctype>

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

login::step login::refuse(boost::system::error_code why, std::string& out) {
  const auto report = auth::report(why, user);
  using enum wire::error_cause;
  return refuse(
      because(report.sqlstate == wire::sqlstate::protocol_violation ? protocol : credentials,
              {std::string(report.sqlstate), report.message, std::string(report.detail), std::string(report.hint)}),
      out);
}

login::step login::take(std::string_view bytes, std::size_t& used, std::string& out) {
  used = 0;
  return stage_ == stage::startup ? take_startup(bytes, used, out) : take_sasl(bytes, used, out);
}

login::step login::take_startup(std::string_view bytes, std::size_t& used, std::string& out) {
  // A handshake without a request before it ("direct" TLS, of PostgreSQL 17).
  if (wire::is_tls_handshake(bytes) && door_.tls && !encrypted_ && encryption_requests_ == 0) {
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
  encrypted_ = tls && door_.tls;
  out.push_back(encrypted_ ? 'S' : 'N');
  return encrypted_ ? step::encrypt : step::more;
}

login::step login::begin(const wire::startup_request& request, std::string& out) {
  if (turned_away_) return refuse(*turned_away_, out);
  if (door_.required && !encrypted_) return refuse(needs_encryption(), out);
  for (const auto& [name, value] : request.options) add_setting(name, value);
  for (const auto& [name, value] : request.parameters) {
    if (name == "user") {
      user = cut_name(value);
    } else if (name == "database") {
      database = cut_name(value);
    } else if (name == "replication") {
      if (value != "false" && value != "off" && value != "0" && value != "no") {
        return refuse(
            {std::string(wire::sqlstate::feature_not_supported), "replication connections cannot go through Highwater",
             "", "Connect the replication client to the server itself."},
            out);
      }
    } else {
      add_setting(name, value);
    }
  }
  if (user.empty()) {
    return refuse({std::string(wire::sqlstate::invalid_authorization),
                   "no PostgreSQL user name specified in startup packet", "", ""},
                  out);
  }
  if (database.empty()) database = user;
  minor = wire::spoken_minor(request.minor);
  if (minor != request.minor || !request.unknown_options.empty()) {
    std::vector<std::string_view> names(request.unknown_options.begin(), request.unknown_options.end());
    wire::write_negotiate_protocol_version(out, minor, names.data(), names.size());
  }
  if (users_.trusts_everybody()) {
    stage_ = stage::done;
    return step::accepted;
  }
  ask_for_scram(out);
  return step::more;
}

void login::ask_for_scram(std::string& out) {
  stage_ = stage::sasl_initial;
  std::vector<std::string_view> names;
  for (const auto each : auth::offered_mechanisms(channel())) names.push_back(auth::name_of(each));
  wire::write_authentication_sasl(out, names);
}

// What a proof can be bound to, so that nobody in between can pass it on.
auth::channel login::channel() const {
  return encrypted_ ? auth::channel{true, door_.certificate_hash} : auth::channel{};
}

// Who logs in is not a setting: PostgreSQL takes session_authorization here, and does nothing with it.
void login::add_setting(std::string_view name, std::string_view value) {
  auto known_as = lower(std::string(name));
  if (known_as == "session_authorization") return;
  const bool is_application = known_as == "application_name";
  settings.emplace_back(std::move(known_as), is_application ? clean_ascii(value) : std::string(value));
}

login::step login::take_sasl(std::string_view bytes, std::size_t& used, std::string& out) {
  wire::frame message;
  const auto status = wire::peek_frame(bytes, max_auth_message, message);
  if (status == wire::frame_status::need_header) return step::more;
  if (status == wire::frame_status::bad_length || message.type != wire::frontend::password) {
    if (status == wire::frame_status::ok && message.type == wire::frontend::terminate) return step::closed;
    return refuse(not_the_protocol("expected a SASL response"), out);
  }
  if (!message.complete()) return step::more;
  used = message.available.size();
  return stage_ == stage::sasl_initial ? first_response(message.body(), out) : final_response(message.body(), out);
}

login::step login::first_response(std::string_view body, std::string& out) {
  if (!scram_) {
    wire::reader in(body);
    const auto mechanism = in.c_string();
    const auto length = in.u32();
    if (!in.ok()) return refuse(auth::make_error_code(auth::error::malformed_message), out);
    const auto chosen = auth::check_mechanism(mechanism, channel());
    if (!chosen) return refuse(chosen.error(), out);
    auto secret = users_.secret_for(user);
    if (!secret) return refuse(secret.error(), out);
    scram_.emplace(std::move(*secret), std::move(nonce_), *chosen, channel());
    constexpr std::uint32_t no_data = 0xFFFFFFFF;
    if (length == no_data) {
      wire::write_authentication_sasl_continue(out, "");
      return step::more;
    }
    if (length != in.rest().size()) return refuse(auth::make_error_code(auth::error::malformed_message), out);
    body = in.rest();
  }
  const auto answer = scram_->client_first(body);
  if (!answer) return refuse(answer.error(), out);
  wire::write_authentication_sasl_continue(out, *answer);
  stage_ = stage::sasl_response;
  return step::more;
}

login::step login::final_response(std::string_view body, std::string& out) {
  const auto answer = scram_->client_final(body);
  if (!answer) return refuse(answer.error(), out);
  wire::write_authentication_sasl_final(out, *answer);
  keys_ = scram_->keys();
  scram_.reset();
  stage_ = stage::done;
  return step::accepted;
}

}  // namespace highwater::proxy
