#pragma once

// The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS: a client proves that it knows the password of a secret
// (RFC 5802, and where that leaves a choice, as PostgreSQL's backend does). The name in the messages is ignored, as
// there: the one from the startup packet has chosen the secret. Any error ends the exchange; its report() is what to
// tell the client.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/auth/channel_binding.hpp"
#include "proxy/auth/scram.hpp"

namespace highwater::auth {

// About 400 bytes and one message long; meant to be let go as soon as the client is in.
class scram_server {
public:
  // `server_nonce` as make_nonce() makes it, fresh for every exchange; `chosen` as check_mechanism() has it, and
  // `beneath` as it was for the offer.
  scram_server(scram_secret secret, std::string server_nonce, sasl_mechanism chosen = sasl_mechanism::scram_sha_256,
               channel beneath = {})
      : secret_{std::move(secret)},
        server_nonce_{std::move(server_nonce)},
        chosen_{chosen},
        channel_{std::move(beneath)} {}

  // The data of AuthenticationSASLContinue.
  result<std::string> client_first(std::string_view message);
  // The data of AuthenticationSASLFinal; then the client is who it says. A wrong password is error::login_refused.
  result<std::string> client_final(std::string_view message);

  // After success what the client has shown, and the secret's half: enough to log in wherever the same secret is
  // stored. None before.
  const std::optional<scram_keys>& keys() const noexcept { return keys_; }

private:
  enum class stage : std::uint8_t { first, final, ended };

  result<std::string_view> read_gs2_header(std::string_view message);
  result<std::string> verify(std::string_view without_proof, const digest& proof);

  scram_secret secret_;
  std::string server_nonce_;  // from client_first() on with the client's part before it
  std::string auth_message_;  // grows by one message at a time
  sasl_mechanism chosen_;
  channel channel_;
  binding binding_;  // what the client has to repeat
  std::optional<scram_keys> keys_;
  stage stage_ = stage::first;
};

}  // namespace highwater::auth
