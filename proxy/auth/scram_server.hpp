#pragma once

// The server's side of SCRAM-SHA-256: a client proves that it knows the password of a secret (RFC 5802, and where that
// leaves a choice, as PostgreSQL's backend does). The name in the messages is ignored, as there: the one from the
// startup packet has chosen the secret. Any error ends the exchange; its report() is what to tell the client.

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/auth/scram.hpp"

namespace highwater::auth {

// The mechanism that a client names in its SASLInitialResponse. Highwater offers only the one.
result<void> check_mechanism(std::string_view name);

// About 200 bytes and one message long; meant to be let go as soon as the client is in.
class scram_server {
public:
  // `server_nonce` as make_nonce() makes it, fresh for every exchange.
  scram_server(scram_secret secret, std::string server_nonce)
      : secret_{std::move(secret)}, server_nonce_{std::move(server_nonce)} {}

  // The data of AuthenticationSASLContinue.
  result<std::string> client_first(std::string_view message);
  // The data of AuthenticationSASLFinal; then the client is who it says. A wrong password is error::login_refused.
  result<std::string> client_final(std::string_view message);

private:
  enum class stage : std::uint8_t { first, final, ended };

  result<std::string_view> read_gs2_header(std::string_view message);
  result<std::string> verify(std::string_view without_proof, const digest& proof);

  scram_secret secret_;
  std::string server_nonce_;  // from client_first() on with the client's part before it
  std::string auth_message_;  // grows by one message at a time
  char binding_flag_ = 'n';
  stage stage_ = stage::first;
};

}  // namespace highwater::auth
