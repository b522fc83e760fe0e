#pragma once

// The first packet of a connection, which has a length but no type.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/wire/errors.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::wire {

// As PostgreSQL's MAX_STARTUP_PACKET_LENGTH, to which the length field adds itself: what an unauthenticated client may
// make us hold.
inline constexpr std::size_t max_startup_size = 10'004;

// The minor version of protocol 3 that is spoken with who asks for this one: 0, or PostgreSQL 18's 2, which has longer
// cancel keys. There is no 1 ("Protocol Versions" in the manual).
inline constexpr std::uint32_t newest_minor = 2;
constexpr std::uint32_t spoken_minor(std::uint32_t asked) noexcept {
  return asked < newest_minor ? 0 : newest_minor;
}
// How many bytes of secret are given to who speaks it.
constexpr std::size_t cancel_secret_size(std::uint32_t minor) noexcept {
  return minor < 2 ? cancel_secret::shortest : cancel_secret::longest;
}

struct ssl_request {};
struct gss_request {};
struct cancel_request {
  backend_key_message key;
};
struct startup_request {
  std::uint32_t minor = 0;                                      // of protocol 3, as asked for
  std::vector<std::pair<std::string, std::string>> parameters;  // user and database included, `options` not
  std::vector<std::pair<std::string, std::string>> options;     // settings; a parameter of the same name comes after
  std::vector<std::string> unknown_options;                     // "_pq_." names
};
struct startup_incomplete {};
// Whoever sent it does not speak the protocol, so there is nobody to answer: PostgreSQL closes without a word.
struct not_startup {
  std::string_view why;
};

using startup_packet =
    std::variant<startup_incomplete, not_startup, ssl_request, gss_request, cancel_request, startup_request, error>;

// Is it the beginning of a TLS handshake, which no packet begins like?
bool is_tls_handshake(std::string_view bytes) noexcept;

// Takes the packet at the beginning of `bytes`; `consumed` says how long it was.
startup_packet read_startup(std::string_view bytes, std::size_t& consumed);

// Splits the `options` startup parameter as the server does: words separated by white space, backslash escapes;
// "-c name=value", "-cname=value" and "--name=value". What the server would say if it holds anything else.
std::optional<error> split_options(std::string_view options, std::vector<std::pair<std::string, std::string>>& out);
// The other way round.
std::string join_options(const std::vector<std::pair<std::string, std::string>>& settings);

}  // namespace highwater::wire
