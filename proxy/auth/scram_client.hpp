#pragma once

// The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS: logs in to a server and has it prove that it knows the
// password, too. Any error ends the exchange.

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/auth/channel_binding.hpp"
#include "proxy/auth/scram.hpp"
#include "proxy/auth/scram_derivation.hpp"

namespace highwater::auth {

class scram_client {
public:
  // `nonce` as make_nonce() makes it, fresh for every exchange. PostgreSQL ignores `user` in favour of the startup
  // packet's, and its own clients send none. `bound` as choose_mechanism() has it.
  explicit scram_client(std::string nonce, std::string_view user = "", binding bound = {});

  // The mechanism that SASLInitialResponse names, and its data.
  std::string_view mechanism() const noexcept { return name_of(binding_.mechanism()); }
  std::string client_first() const { return binding_.gs2_header() + auth_message_; }

  // Given the data of AuthenticationSASLContinue, the data of SASLResponse. With a password that costs as many hashes
  // as the server asks for: `most_iterations`, and at the most max_login_iterations. It is not kept.
  result<std::string> server_first(std::string_view message, std::string_view password,
                                   int most_iterations = usual_most_iterations);
  // With keys it costs next to nothing, whatever the server asks for; they have to be those of its own secret.
  result<std::string> server_first(std::string_view message, const scram_keys& keys);

  // The same in two steps, for whom the first takes too long where it is: what has to be derived from the password, and
  // what it has come to.
  result<scram_derivation> derivation(std::string_view message, std::string_view password,
                                      int most_iterations = usual_most_iterations);
  result<std::string> prove(const secret_digest& salted);

  // Given the data of AuthenticationSASLFinal: success means that the server is genuine. An AuthenticationOk without
  // it is not to be believed.
  result<void> server_final(std::string_view message);

private:
  enum class stage : std::uint8_t { first, proof, final, ended };
  struct challenge;

  result<challenge> parse_challenge(std::string_view message) const;
  result<challenge> read_challenge(std::string_view message, int most_iterations);
  result<std::string> prove(const scram_keys& keys);

  std::string nonce_;
  binding binding_;
  std::string auth_message_;   // client-first-message-bare, later what both sides sign
  std::string without_proof_;  // client-final-message, as far as it is signed
  digest expected_signature_{};
  stage stage_ = stage::first;
};

}  // namespace highwater::auth
