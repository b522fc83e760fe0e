#pragma once

// Logging in to a server: a sans-io exchange from the startup packet to the first ReadyForQuery, and the question which
// server it is behind that.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/auth/scram_client.hpp"
#include "proxy/server/server_credentials.hpp"
#include "proxy/server/server_identity.hpp"
#include "proxy/wire/errors.hpp"
#include "proxy/wire/frame.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::proxy {

class server_login {
public:
  enum class step : std::uint8_t {
    more,
    derive,  // have to_derive() worked out somewhere, and call derived()
    done,
    failed
  };

  server_login(std::string_view user, std::string_view database, server_credentials with, std::string nonce);

  // It is a walsender that is asked for, by these parameters. It may know nothing but replication commands, so its
  // login ends with the first ReadyForQuery; what it says until then is its client's to hear.
  void ask_for_walsender(std::vector<std::pair<std::string, std::string>> parameters) {
    walsender_ = std::move(parameters);
  }
  // What the proof that it knows the password is bound to.
  void over(auth::channel beneath) { channel_ = std::move(beneath); }
  // Takes one message; what is to be sent back is appended to `out`.
  step take(const wire::frame& message, std::string& out);
  // The keys of the password, which take too long for a thread on which others wait.
  const std::shared_ptr<const auth::scram_derivation>& to_derive() const noexcept { return derivation_; }
  step derived(const auth::result<auth::secret_digest>& salted, std::string& out);

  void first(std::string& out) const {
    walsender_ ? wire::write_startup(out, user_, database_, *walsender_) : wire::write_startup(out, user_, database_);
  }
  const wire::error& why() const noexcept { return error_; }
  const wire::backend_key_message& key() const noexcept { return key_; }
  std::vector<std::pair<std::string, std::string>>& parameters() noexcept { return parameters_; }
  std::int64_t server_started() const noexcept { return identity_.started(); }
  // Of a walsender: its ParameterStatus and NoticeResponse messages.
  const std::string& told() const noexcept { return told_; }

private:
  step authenticate(std::string_view body, std::string& out);
  step begin_sasl(std::string_view mechanisms, std::string& out);
  step prove(std::string_view challenge, std::string& out);
  step answer_md5(std::string_view salt, std::string& out);
  step respond(const auth::result<std::string>& answer, std::string& out);
  bool knows_secret() const noexcept;
  step needs_password();
  step identify(const wire::frame& message);
  step fail(std::string message, std::string hint = {});
  // What the user is known by does not do: another try would be refused, too.
  step fail(const auth::failure_report& why);

  std::string user_, database_;
  server_credentials with_;
  std::string nonce_;
  auth::channel channel_;
  std::optional<auth::scram_client> scram_;
  std::shared_ptr<const auth::scram_derivation> derivation_;
  bool server_proved_ = true;  // false from the start of SCRAM until the server's signature was good
  identity_inquiry identity_;
  wire::error error_;
  wire::backend_key_message key_;
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::optional<std::vector<std::pair<std::string, std::string>>> walsender_;
  std::string told_;
};

}  // namespace highwater::proxy
