#pragma once

// The client's side of SCRAM-SHA-256: logs in to a server and has it prove that it knows the password, too. Without
// channel binding (gs2 header `n,,`). Any error ends the exchange.

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/auth/scram.hpp"

namespace highwater::auth {

class scram_client {
public:
  // `nonce` as make_nonce() makes it, fresh for every exchange. PostgreSQL ignores `user` in favour of the startup
  // packet's, and its own clients send none.
  explicit scram_client(std::string nonce, std::string_view user = "");

  // The data of SASLInitialResponse, for scram_mechanism.
  std::string client_first() const { return "n,," + auth_message_; }
  // The data of SASLResponse. Costs the server's iteration count of hashes: about 1.5 ms for 4096, at most
  // max_login_iterations. The password is not kept.
  result<std::string> server_first(std::string_view message, std::string_view password);
  // Given the data of AuthenticationSASLFinal: success means that the server is genuine. An AuthenticationOk without
  // it is not to be believed.
  result<void> server_final(std::string_view message);

private:
  enum class stage : std::uint8_t { first, final, ended };

  std::string prove(std::string_view password, std::string_view salt, int iterations, std::string without_proof);

  std::string nonce_;
  std::string auth_message_;  // client-first-message-bare, later what both sides sign
  digest expected_signature_{};
  stage stage_ = stage::first;
};

}  // namespace highwater::auth
