#include "proxy/server/server_login.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "proxy/auth/md5.hpp"
#include "proxy/wire/bytes.hpp"

namespace highwater::proxy {

namespace {

enum authentication_code : std::uint32_t {
  ok = 0,
  cleartext = 3,
  md5 = 5,
  sasl = 10,
  sasl_continue = 11,
  sasl_final = 12
};

}  // namespace

server_login::server_login(std::string_view user, std::string_view database, server_credentials with, std::string nonce)
    : user_(user), database_(database), with_(std::move(with)), nonce_(std::move(nonce)) {}

server_login::step server_login::fail(std::string message, std::string hint) {
  error_ = {std::string(wire::sqlstate::connection_failure), std::move(message), "", std::move(hint)};
  return step::failed;
}

server_login::step server_login::fail(const auth::failure_report& why) {
  // What libpq has no SQLSTATE for is, in a server's words, a wrong password.
  const bool none = why.sqlstate == "F0000";
  error_ = because(wire::error_cause::credentials, {std::string(none ? wire::sqlstate::invalid_password : why.sqlstate),
                                                    why.message, std::string(why.detail), std::string(why.hint)});
  return step::failed;
}

server_login::step server_login::identify(const wire::frame& message) {
  const auto found = identity_.take(message);
  if (found == identity_inquiry::step::failed) error_ = identity_.why();
  return found == identity_inquiry::step::more   ? step::more
         : found == identity_inquiry::step::done ? step::done
                                                 : step::failed;
}

server_login::step server_login::take(const wire::frame& message, std::string& out) {
  if (identity_.asked() && message.type != wire::backend::parameter_status) return identify(message);
  if (walsender_ && (message.type == wire::backend::parameter_status || message.type == wire::backend::notice_response))
    told_.append(message.available);
  switch (message.type) {
    case wire::backend::authentication:
      return authenticate(message.body(), out);
    case wire::backend::parameter_status:
      if (const auto parameter = wire::read_parameter_status(message.body())) {
        parameters_.emplace_back(parameter->name, parameter->value);
        return step::more;
      }
      break;
    case wire::backend::backend_key_data:
      if (const auto key = wire::read_backend_key(message.body())) {
        key_ = *key;
        return step::more;
      }
      break;
    case wire::backend::error_response:
      if (const auto fields = wire::read_error(message.body())) {
        error_ = wire::as_said(*fields);
        return step::failed;
      }
      break;
    case wire::backend::notice_response:
    case wire::backend::negotiate_protocol_version:
      return step::more;
    case wire::backend::ready_for_query:
      if (!server_proved_) return fail("the server ended the login without proving that it knows the password");
      if (walsender_) return step::done;
      identity_.ask(out);
      return step::more;
    default:
      break;
  }
  return fail("the server sent something that is not part of a login");
}

server_login::step server_login::authenticate(std::string_view body, std::string& out) {
  wire::reader in(body);
  const auto code = in.u32();
  if (!in.ok()) return fail("the server sent a malformed authentication request");
  switch (code) {
    case authentication_code::ok:
      return server_proved_ ? step::more
                            : fail("the server accepted the login without proving that it knows the password");
    case authentication_code::cleartext:
      if (with_.password.empty() && knows_secret()) return needs_password();
      wire::write_password(out, with_.password);
      return step::more;
    case authentication_code::md5:
      return answer_md5(in.rest(), out);
    case authentication_code::sasl:
      return begin_sasl(in.rest(), out);
    case authentication_code::sasl_continue:
      return prove(in.rest(), out);
    case authentication_code::sasl_final: {
      if (!scram_) return fail("the server sent something that is not part of a login");
      const auto verified = scram_->server_final(in.rest());
      if (!verified) return fail(auth::report(verified.error(), user_));
      server_proved_ = true;
      return step::more;
    }
    default:
      return fail("the server asks for an authentication method that Highwater does not know",
                  "let pg_hba.conf ask Highwater for scram-sha-256, md5, password or trust");
  }
}

// Once, as for libpq: each time costs us as many hashes as the server likes.
server_login::step server_login::begin_sasl(std::string_view mechanisms, std::string& out) {
  if (scram_) return fail("the server asks for SASL authentication twice");
  wire::reader in(mechanisms);
  std::vector<std::string_view> offered;
  for (auto name = in.c_string(); in.ok() && !name.empty(); name = in.c_string()) offered.push_back(name);
  const auto bound = auth::choose_mechanism(offered, channel_, auth::channel_binding::prefer);
  if (!bound) return fail(auth::report(bound.error(), user_));
  server_proved_ = false;
  scram_.emplace(nonce_, "", *bound);
  wire::write_sasl_initial_response(out, scram_->mechanism(), scram_->client_first());
  return step::more;
}

server_login::step server_login::prove(std::string_view challenge, std::string& out) {
  if (!scram_) return fail("the server sent something that is not part of a login");
  if (with_.keys) return respond(scram_->server_first(challenge, *with_.keys), out);
  if (with_.password.empty() && knows_secret()) return needs_password();
  auto slow = scram_->derivation(challenge, with_.password);
  if (!slow) return fail(auth::report(slow.error(), user_));
  derivation_ = std::make_shared<auth::scram_derivation>(std::move(*slow));
  return step::derive;
}

server_login::step server_login::derived(const auth::result<auth::secret_digest>& salted, std::string& out) {
  derivation_.reset();
  if (!salted) return fail(auth::report(salted.error(), user_));
  return respond(scram_->prove(*salted), out);
}

server_login::step server_login::respond(const auth::result<std::string>& answer, std::string& out) {
  if (!answer) return fail(auth::report(answer.error(), user_));
  wire::write_sasl_response(out, *answer);
  return step::more;
}

bool server_login::knows_secret() const noexcept {
  return with_.keys || !with_.md5_secret.empty();
}

server_login::step server_login::needs_password() {
  const bool scram = with_.keys.has_value();
  const auto method = scram ? "scram-sha-256" : "md5";
  const std::string hint =
      std::string("Let pg_hba.conf ask Highwater for ") + method + ", or give auth.users[].password.";
  return fail({wire::sqlstate::invalid_password,
               "the server asks for the password of user \"" + user_ + "\", of whom only the " +
                   (scram ? "SCRAM" : "MD5") + " secret is known",
               "", hint});
}

server_login::step server_login::answer_md5(std::string_view salt, std::string& out) {
  auth::md5_salt bytes;
  if (salt.size() != bytes.size()) return fail("the server sent a malformed authentication request");
  if (with_.password.empty() && with_.keys) return needs_password();
  std::transform(salt.begin(), salt.end(), bytes.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  const auto answer = with_.md5_secret.empty() ? auth::md5_response(with_.password, user_, bytes)
                                               : auth::md5_response_from(with_.md5_secret, bytes);
  if (!answer) return fail(auth::report(answer.error(), user_));
  wire::write_password(out, *answer);
  return step::more;
}

}  // namespace highwater::proxy
