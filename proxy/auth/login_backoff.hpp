#pragma once

// Slows down who guesses passwords. After the first failures, which are free, the answer to a failed login is held
// back: 100 ms, and twice as long each time, up to some seconds; counted by the address that it comes from and by the
// user's name, whichever is worse. An address that goes on may try only once in so many seconds, and is refused at once
// otherwise. A user's name never refuses anybody: a stranger's failures slow down the failures of others, while the
// right password is let in at once. No clock, no I/O; for one thread.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/auth/crypto.hpp"
#include "proxy/auth/recent_failures.hpp"

namespace highwater::auth {

struct backoff_rules {
  unsigned free_failures = 3;
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds longest{5'000};
  unsigned refused_from = 20;  // failures of an address; 0 for never, as where all clients come through one balancer
  std::chrono::minutes forgotten_after{5};
  std::size_t most_names = 4096;  // of addresses, and again of users: about 1.5 MB with names of 63 bytes
};

// What counts as one address: the bytes of an IPv4 address, also where it is mapped into an IPv6 one, or the first 64
// bits of an IPv6 address, as many as one client gets. Nothing for a Unix socket, whose clients are never refused.
std::string origin_of(byte_span address);

class login_backoff {
public:
  explicit login_backoff(const backoff_rules& rules = {});

  // When somebody begins to log in. If not, error::too_many_failures is the answer, and no failure to be counted.
  bool admits(std::string_view origin, instant now);
  // When a login has failed: for how long the answer is held back.
  std::chrono::milliseconds failed(std::string_view origin, std::string_view user, instant now);
  // When one has succeeded: it makes up for one failure of its address, so that who has an account gains nothing by
  // logging in in between.
  void succeeded(std::string_view origin, instant now);

private:
  bool refuses(const recent_failures::record& origin) const noexcept;

  backoff_rules rules_;
  recent_failures origins_;
  recent_failures users_;
};

}  // namespace highwater::auth
