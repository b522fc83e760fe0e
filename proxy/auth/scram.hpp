#pragma once

// The keys of SCRAM-SHA-256 (RFC 5802 section 3, RFC 7677), the secret in which PostgreSQL stores what verifies them,
// and what takes the place of a password where there is none.

#include <string>
#include <string_view>

#include "proxy/auth/channel_binding.hpp"
#include "proxy/auth/crypto.hpp"
#include "proxy/auth/error.hpp"
#include "proxy/auth/wiped.hpp"

namespace highwater::auth {

inline constexpr int default_iterations = 4096;  // as PostgreSQL's
inline constexpr int max_login_iterations = 10'000'000;
// What a server may ask of us where nobody has said otherwise. It need not be genuine, and says how much we work before
// it has shown anything: this is 24 times PostgreSQL's default, and some 40 ms of a core.
inline constexpr int usual_most_iterations = 100'000;
inline constexpr std::size_t max_message_bytes = 1024;  // PostgreSQL's limit for a SASL message, too
inline constexpr std::size_t salt_bytes = 16;
inline constexpr std::size_t nonce_bytes = 18;

// The password is prepared as saslprep.hpp says. `salt` is raw bytes; `iterations` at least 1.
secret_digest salted_password(std::string_view password, std::string_view salt, int iterations);
secret_digest client_key(const digest& salted);
digest stored_key(const digest& client);
secret_digest server_key(const digest& salted);

// Who has these can log in wherever the same secret is stored, with the same salt and iterations: as the client whose
// proof has shown `client`, and knowing by `server` whether the server has that secret.
struct scram_keys {
  secret_digest client;
  secret_digest server;
};
scram_keys keys_of(const digest& salted);

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
