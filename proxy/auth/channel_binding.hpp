#pragma once

// How a SCRAM exchange is bound to the TLS connection beneath it, so that nobody in between can pass it on: RFC 5802
// section 6 with the type tls-server-end-point of RFC 5929, the only one that PostgreSQL knows. A server decides as
// PostgreSQL's backend does, a client as libpq.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy/auth/error.hpp"

namespace highwater::auth {

inline constexpr std::string_view scram_mechanism = "SCRAM-SHA-256";
inline constexpr std::string_view scram_plus_mechanism = "SCRAM-SHA-256-PLUS";
inline constexpr std::string_view binding_type = "tls-server-end-point";

enum class sasl_mechanism : std::uint8_t { scram_sha_256_plus, scram_sha_256 };
std::string_view name_of(sasl_mechanism which) noexcept;

// What a connection has to bind to.
struct channel {
  bool tls = false;
  // Of the server's certificate, raw: made with the hash of its signature, SHA-256 in place of MD5 and SHA-1. Empty
  // without TLS, and where the signature has no such hash (Ed25519).
  std::string certificate_hash;

  bool can_bind() const noexcept { return tls && !certificate_hash.empty(); }
};

// What an exchange says about its channel.
struct binding {
  char flag = 'n';               // of gs2: n, y or p
  std::string certificate_hash;  // only with p

  sasl_mechanism mechanism() const noexcept;
  std::string gs2_header() const;  // what client-first-message begins with
  std::string attribute() const;   // the value of `c=` in client-final-message
};

// For a server: what to offer, the better first; which of them a client has named in SASLInitialResponse; and whether a
// flag in its first message goes together with that.
std::span<const sasl_mechanism> offered_mechanisms(const channel& beneath) noexcept;
result<sasl_mechanism> check_mechanism(std::string_view name, const channel& beneath = {});
result<void> check_flag(char flag, sasl_mechanism chosen, const channel& beneath);

// For a client: libpq's option channel_binding, and what to make of a server's offer. With `require`, a server that
// asks for anything but SASL, or for nothing at all, has to be refused by the caller.
enum class channel_binding : std::uint8_t { disable, prefer, require };
result<binding> choose_mechanism(std::span<const std::string_view> offered, const channel& beneath,
                                 channel_binding wish);

}  // namespace highwater::auth
