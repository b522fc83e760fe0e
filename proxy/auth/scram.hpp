#pragma once

// The keys of SCRAM-SHA-256 (RFC 5802 section 3, RFC 7677) and the secret in which PostgreSQL stores them.

#include <string>
#include <string_view>

#include "proxy/auth/crypto.hpp"
#include "proxy/auth/error.hpp"

namespace highwater::auth {

inline constexpr std::string_view scram_mechanism = "SCRAM-SHA-256";
inline constexpr int default_iterations = 4096;  // as PostgreSQL's
inline constexpr int max_login_iterations = 10'000'000;
inline constexpr std::size_t max_message_bytes = 1024;  // PostgreSQL's limit for a SASL message, too
inline constexpr std::size_t salt_bytes = 16;
inline constexpr std::size_t nonce_bytes = 18;

// The password is prepared as saslprep.hpp says. `salt` is raw bytes; `iterations` at least 1.
digest salted_password(std::string_view password, std::string_view salt, int iterations);
digest client_key(const digest& salted);
digest stored_key(const digest& client);
digest server_key(const digest& salted);

// What a server keeps of a password: enough to verify it, not enough to log in with it.
struct scram_secret {
  int iterations = default_iterations;  // 1..2^31-1
  std::string salt;                     // raw bytes, never empty
  digest stored_key{};
  digest server_key{};

  friend bool operator==(const scram_secret&, const scram_secret&) = default;
};

scram_secret make_secret(std::string_view password, std::string_view salt, int iterations = default_iterations);

// pg_authid.rolpassword: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, the last three in base64.
result<scram_secret> parse_secret(std::string_view text);
std::string format_secret(const scram_secret& secret);

// The same salt for the same name as long as the process key is the same: that of a real user whose secret is made from
// a password, and that of somebody who does not exist, so that trying again, or reloading, tells nothing.
std::string salt_for(std::string_view user, const digest& process_key);

// A secret for a name that nobody has: no password fits, because its StoredKey is not the hash of anything known.
scram_secret mock_secret(std::string_view user, const digest& process_key, int iterations = default_iterations);

// Printable, from at least nonce_bytes random bytes.
std::string make_nonce(byte_span random);

}  // namespace highwater::auth
