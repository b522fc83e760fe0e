#include "proxy/io/stream.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "proxy/io/stream_core.hpp"

namespace highwater::proxy {

namespace {

void set_up(int socket) noexcept {
  constexpr int on = 1;
  constexpr std::pair<int, int> options[] = {
      {TCP_NODELAY, on}, {TCP_KEEPIDLE, 60}, {TCP_KEEPINTVL, 10}, {TCP_KEEPCNT, 3}};  // seconds
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  for (const auto& [name, value] : options) ::setsockopt(socket, IPPROTO_TCP, name, &value, sizeof value);
}

}  // namespace

stream::stream() noexcept = default;

stream::stream(event_loop& loop, transport connected, listener& owner) {
  set_up(connected.socket.get());
  core_ = new core(loop, std::move(connected), owner);
}

stream::stream(stream&& other) noexcept : core_(std::move(other.core_)) {}

stream& stream::operator=(stream&& other) noexcept {
  if (this != &other) {
    close();
    core_ = std::move(other.core_);
  }
  return *this;
}

stream::~stream() {
  close();
}

void stream::tell(listener& owner) noexcept {
  if (core_) core_->owner = &owner;
}

stream::read_result stream::read(char* to, std::size_t size) {
  return core_ ? core_->read(to, size) : read_result{read_status::closed, 0};
}

void stream::await_readable() {
  if (core_) core_->await_readable();
}

void stream::write(std::string_view bytes) {
  if (core_) core_->write(bytes);
}

std::size_t stream::pending() const noexcept {
  return core_ ? core_->pending() : 0;
}

void stream::encrypt(std::unique_ptr<tls_engine> with, std::string_view came) {
  if (core_) core_->encrypt(std::move(with), came);
}

const tls_engine* stream::tls() const noexcept {
  return core_ ? core_->tls() : nullptr;
}

void stream::close() noexcept {
  if (core_) core_->say_goodbye();
  if (core_) core_->close();
  core_ = nullptr;
}

void stream::close_when_drained() {
  if (!core_ || pending() == 0) return close();
  core_->say_goodbye();
  core_->owner = nullptr;
  core_->keep();
  core_ = nullptr;
}

std::string stream::peer() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool known =
      core_ != nullptr && ::getpeername(core_->native(), generic, &length) == 0 &&
      ::getnameinfo(generic, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0;
  return known ? std::string(host) + ":" + port : "?";
}

std::pair<std::string, std::uint16_t> stream::local() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (core_ == nullptr || ::getsockname(core_->native(), generic, &length) != 0) return {};
  if (address.ss_family == AF_UNIX) return {"unix", 0};
  const bool known =
      ::getnameinfo(generic, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0;
  if (!known) return {};
  return {host, static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10))};
}

std::string stream::peer_address() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (core_ == nullptr || ::getpeername(core_->native(), generic, &length) != 0) return {};
  const auto bytes = [](const auto& of) { return std::string(reinterpret_cast<const char*>(&of), sizeof of); };
  if (address.ss_family == AF_INET) return bytes(reinterpret_cast<const sockaddr_in*>(generic)->sin_addr);
  if (address.ss_family == AF_INET6) return bytes(reinterpret_cast<const sockaddr_in6*>(generic)->sin6_addr);
  return {};
}

transport stream::release() noexcept {
  auto given = core_->release();
  core_ = nullptr;
  return given;
}

}  // namespace highwater::proxy
