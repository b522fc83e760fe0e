#include "proxy/io/connect_attempt.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <utility>

namespace highwater::proxy {

namespace {

// Zero, or why not: EINPROGRESS if that is yet to be seen.
int begin(const unique_socket& socket, const tcp_endpoint& to) noexcept {
  if (!socket) return errno;
  return ::connect(socket.get(), to.data(), static_cast<socklen_t>(to.size())) == 0 ? 0 : errno;
}

int outcome(const unique_socket& socket) noexcept {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

}  // namespace

std::optional<tcp_endpoint> numeric_endpoint(const std::string& host, std::uint16_t port) {
  boost::system::error_code name;
  const auto address = boost::asio::ip::make_address(host, name);
  return name ? std::nullopt : std::optional(tcp_endpoint(address, port));
}

class connect_attempt::core final : public event_loop::watched {
public:
  core(event_loop& loop, std::vector<tcp_endpoint> addresses, done_function done)
      : loop_(loop), addresses_(std::move(addresses)), done_(std::move(done)) {}

  void next();
  void give_up() noexcept {
    done_ = nullptr;
    forget_socket();
  }

private:
  void on_event(bool can_read, bool can_write, bool hung_up) override;
  bool watch(unique_socket socket);
  void finish();
  unique_socket forget_socket() noexcept {
    if (socket_) loop_.remove(socket_.get(), *this);
    return std::move(socket_);
  }

  event_loop& loop_;
  std::vector<tcp_endpoint> addresses_;
  std::size_t tried_ = 0;
  done_function done_;
  unique_socket socket_;  // that is being connected, and watched
  int error_ = EADDRNOTAVAIL;
};

// False if the kernel watches no more sockets.
bool connect_attempt::core::watch(unique_socket socket) {
  try {
    loop_.add(socket.get(), *this);
  } catch (const std::system_error& error) {
    error_ = error.code().value();
    return false;
  }
  socket_ = std::move(socket);
  return true;
}

void connect_attempt::core::next() {
  while (tried_ < addresses_.size()) {
    const auto& to = addresses_[tried_++];
    unique_socket made(::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    error_ = begin(made, to);
    if (error_ != 0 && error_ != EINPROGRESS) continue;
    if (watch(std::move(made))) return;
  }
  loop_.tell_later(event_loop::watched_ptr(this), false, true);
}

// A socket that can be written to is connected, or has failed. Without one, there is nothing left to try.
void connect_attempt::core::on_event(bool, bool can_write, bool) {
  if (!done_ || !can_write) return;
  if (!socket_) return finish();
  error_ = outcome(socket_);
  if (error_ == 0) return finish();
  forget_socket();
  next();
}

void connect_attempt::core::finish() {
  const auto done = std::exchange(done_, nullptr);
  auto socket = forget_socket();
  done({error_, std::generic_category()}, std::move(socket), tried_ > 0 ? addresses_[tried_ - 1] : tcp_endpoint());
}

connect_attempt::connect_attempt() noexcept = default;

connect_attempt::connect_attempt(event_loop& loop, std::vector<tcp_endpoint> addresses, done_function done)
    : core_(new core(loop, std::move(addresses), std::move(done))) {
  core_->next();
}

connect_attempt::connect_attempt(connect_attempt&& other) noexcept : core_(std::move(other.core_)) {}

connect_attempt& connect_attempt::operator=(connect_attempt&& other) noexcept {
  core_.swap(other.core_);
  return *this;
}

connect_attempt::~connect_attempt() {
  if (core_) core_->give_up();
}

}  // namespace highwater::proxy
