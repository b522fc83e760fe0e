#pragma once

// A TCP port of 127.0.0.1 that stays ours. The socket is bound but never listens, with SO_REUSEADDR: a server that sets
// it too (all of ours do) can listen on the port meanwhile, and nobody else is given it while that server is down.

#include <cstdint>

namespace highwater::testing_support {

class reserved_port {
public:
  reserved_port();
  ~reserved_port();
  reserved_port(const reserved_port&) = delete;
  reserved_port& operator=(const reserved_port&) = delete;

  std::uint16_t number() const { return number_; }

private:
  int socket_ = -1;
  std::uint16_t number_ = 0;
};

}  // namespace highwater::testing_support
