#include "tests/support/raw_client.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace highwater::testing_support::raw {
namespace {

constexpr std::size_t header_size = 5;

}  // namespace

client::client(std::uint16_t port, const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* to = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &to) != 0) throw std::runtime_error(host);
  socket_ = ::socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(socket_, to->ai_addr, to->ai_addrlen) == 0;
  ::freeaddrinfo(to);
  if (!connected) {
    ::close(socket_);
    throw std::runtime_error("no connection to port " + std::to_string(port));
  }
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

client::~client() {
  if (socket_ >= 0) ::close(socket_);
}

client::client(client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      unread_(std::move(other.unread_)),
      backend_pid_(other.backend_pid_),
      cancel_key_(std::move(other.cancel_key_)) {}

void client::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::runtime_error("the connection broke while sending");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void client::finish_sending() const {
  ::shutdown(socket_, SHUT_WR);
}

void client::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(socket_, -1));
}

bool client::fill(deadline end) {
  pollfd wanted{socket_, POLLIN, 0};
  if (::poll(&wanted, 1, end.left_ms()) <= 0) throw std::runtime_error("no answer came in time");
  char bytes[16384];
  const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  unread_.append(bytes, static_cast<std::size_t>(count));
  return true;
}

std::optional<char> client::read_byte(milliseconds limit) {
  const deadline end(limit);
  while (unread_.empty()) {
    if (!fill(end)) return std::nullopt;
  }
  const char byte = unread_.front();
  unread_.erase(0, 1);
  return byte;
}

std::optional<message> client::read_message(milliseconds limit) {
  const deadline end(limit);
  for (;;) {
    if (unread_.size() >= header_size) {
      const std::size_t size = 1 + int32_at(unread_, 1);
      if (size < header_size) throw std::runtime_error("a message with an impossible length came");
      if (unread_.size() >= size) {
        message whole{unread_[0], unread_.substr(header_size, size - header_size)};
        unread_.erase(0, size);
        return whole;
      }
    }
    if (!fill(end)) return std::nullopt;
  }
}

message client::expect(char type, milliseconds limit) {
  auto next = read_message(limit);
  if (!next) throw std::runtime_error(std::string("the connection was closed instead of message ") + type);
  if (next->type != type) throw std::runtime_error(std::string("expected ") + type + ", got " + describe(*next));
  return *next;
}

std::vector<message> client::read_until(char type, milliseconds limit) {
  const deadline end(limit);
  std::vector<message> all;
  do {
    auto next = read_message(milliseconds(end.left_ms()));
    if (!next) throw std::runtime_error(std::string("closed before message ") + type + " after '" + types(all) + "'");
    all.push_back(std::move(*next));
  } while (all.back().type != type);
  return all;
}

bool client::silent_for(milliseconds time) {
  pollfd wanted{socket_, POLLIN, 0};
  return unread_.empty() && ::poll(&wanted, 1, static_cast<int>(time.count())) == 0;
}

bool client::closed_within(milliseconds limit) {
  const deadline end(limit);
  try {
    while (fill(end)) unread_.clear();
    return true;
  } catch (const std::runtime_error& still_open) {
    return false;
  }
}

std::vector<message> client::log_in(const std::string& user, const std::string& database,
                                    const std::vector<std::pair<std::string, std::string>>& parameters,
                                    std::uint32_t version) {
  send(startup(user, database, parameters, version));
  auto answer = read_until_ready();
  for (const auto& one : answer) {
    if (one.type != 'K') continue;
    backend_pid_ = int32_at(one.payload, 0);
    cancel_key_ = one.payload.substr(4);
  }
  return answer;
}

std::vector<message> client::query(std::string_view sql) {
  send(raw::query(sql));
  return read_until_ready();
}

}  // namespace highwater::testing_support::raw
