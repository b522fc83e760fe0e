#pragma once

// Owns a socket that nobody watches yet, or any more.

#include <unistd.h>

#include <utility>

namespace highwater::proxy {

class unique_socket {
public:
  unique_socket() noexcept = default;
  explicit unique_socket(int socket) noexcept : socket_(socket) {}
  unique_socket(unique_socket&& other) noexcept : socket_(other.release()) {}
  unique_socket& operator=(unique_socket&& other) noexcept {
    unique_socket before(std::exchange(socket_, other.release()));
    return *this;
  }
  ~unique_socket() {
    if (socket_ >= 0) ::close(socket_);
  }

  explicit operator bool() const noexcept { return socket_ >= 0; }
  int get() const noexcept { return socket_; }
  int release() noexcept { return std::exchange(socket_, -1); }

private:
  int socket_ = -1;
};

}  // namespace highwater::proxy
