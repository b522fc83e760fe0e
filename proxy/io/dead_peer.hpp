#pragma once

// Has the other side of a TCP connection gone without a word, or does it merely not read? A machine that is there
// answers what is sent to it, also the probes of a window that it keeps closed, for as long as it likes to: a COPY that
// pauses, a backend that waits for a lock. TCP_USER_TIMEOUT does not tell the two apart, so that nothing is left but to
// ask for what has not been answered. Connections on which nothing is under way are the affair of keepalives.

#include <chrono>
#include <optional>

namespace highwater::proxy {

struct peer_signs {
  unsigned unanswered = 0;             // retransmissions, or probes, since anything was heard last
  std::chrono::milliseconds silent{};  // since then
};

// One probe may be without an answer although somebody is there: acknowledgements that say nothing new are rationed.
// The probes of a window that has been closed for long are two minutes apart, so there it takes that much longer.
constexpr bool is_gone(const peer_signs& seen, std::chrono::milliseconds patience) noexcept {
  constexpr unsigned enough = 3;
  return seen.unanswered >= enough && seen.silent >= patience;
}

// None if the kernel does not say.
std::optional<peer_signs> signs_of(int socket) noexcept;

}  // namespace highwater::proxy
