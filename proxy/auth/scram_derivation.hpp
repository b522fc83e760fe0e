#pragma once

// What is slow in proving a password: as many hashes in a row as the server asks for, about 1.5 ms for 4096. A value
// that knows nothing of the exchange, so that it can be taken to another thread, and its result back.

#include <string>
#include <string_view>

#include "proxy/auth/scram.hpp"

namespace highwater::auth {

class scram_derivation {
public:
  // `salt` is raw bytes; `iterations` at least 1.
  scram_derivation(std::string_view password, std::string salt, int iterations);

  // SaltedPassword. May fail with crypto_unavailable.
  result<secret_digest> salted() const;

  int iterations() const noexcept { return iterations_; }

private:
  secret_text prepared_;
  std::string salt_;
  int iterations_;
};

}  // namespace highwater::auth
