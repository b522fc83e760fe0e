#include "proxy/io/stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace highwater::proxy {

namespace {

// A peer that has gone without a word (a lost host, a cut network) is noticed after a minute and a half.
void detect_dead_peer(int socket) noexcept {
  constexpr std::pair<int, int> options[] = {{TCP_KEEPIDLE, 60},
                                             {TCP_KEEPINTVL, 10},
                                             {TCP_KEEPCNT, 3},             // seconds
                                             {TCP_USER_TIMEOUT, 90'000}};  // ms
  for (const auto& [name, value] : options) ::setsockopt(socket, IPPROTO_TCP, name, &value, sizeof value);
}

}  // namespace

stream::stream(boost::asio::ip::tcp::socket socket, listener& owner) : core_(new core(std::move(socket), owner)) {
  boost::system::error_code ignored;
  core_->socket.non_blocking(true, ignored);
  core_->socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  core_->socket.set_option(boost::asio::socket_base::keep_alive(true), ignored);
  detect_dead_peer(core_->socket.native_handle());
}

stream& stream::operator=(stream&& other) noexcept {
  if (this != &other) {
    close();
    core_ = std::move(other.core_);
  }
  return *this;
}

stream::read_result stream::read(char* to, std::size_t size) noexcept {
  if (!core_ || core_->broken) return {read_status::closed, 0};
  for (;;) {
    const auto got = ::recv(core_->socket.native_handle(), to, size, 0);
    if (got > 0) return {read_status::data, static_cast<std::size_t>(got)};
    if (got == 0) return {read_status::closed, 0};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {read_status::would_block, 0};
    return {read_status::closed, 0};
  }
}

void stream::await_readable() {
  if (!core_ || core_->awaiting_read) return;
  core_->awaiting_read = true;
  core_->socket.async_wait(boost::asio::ip::tcp::socket::wait_read,
                           [self = core_](const boost::system::error_code& error) {
                             self->awaiting_read = false;
                             if (error == boost::asio::error::operation_aborted || !self->owner) return;
                             self->owner->on_readable();
                           });
}

std::size_t stream::send_some(core& self, std::string_view bytes) noexcept {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto sent =
        ::send(self.socket.native_handle(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno != EINTR) {
      self.broken = errno != EAGAIN && errno != EWOULDBLOCK;
      break;
    }
  }
  return done;
}

void stream::write(std::string_view bytes) {
  if (!core_ || core_->broken || bytes.empty()) return;
  auto& self = *core_;
  if (self.pending.empty()) {
    bytes.remove_prefix(send_some(self, bytes));
    if (bytes.empty()) return;
  }
  self.pending.append(bytes);
  // A broken connection is reported from the event loop, as any other news.
  await_writable(core_);
}

void stream::await_writable(core_ptr self) {
  if (self->awaiting_write) return;
  self->awaiting_write = true;
  auto& socket = self->socket;
  socket.async_wait(boost::asio::ip::tcp::socket::wait_write,
                    [self = std::move(self)](const boost::system::error_code& error) {
                      self->awaiting_write = false;
                      if (error != boost::asio::error::operation_aborted) send_pending(self);
                    });
}

void stream::send_pending(const core_ptr& self) {
  if (!self->broken) self->sent += send_some(*self, std::string_view(self->pending).substr(self->sent));
  if (self->broken || self->sent == self->pending.size()) {
    self->pending = {};
    self->sent = 0;
    if (self->owner) self->owner->on_drained();
    return;
  }
  await_writable(self);
}

void stream::close() noexcept {
  if (!core_) return;
  core_->owner = nullptr;
  boost::system::error_code ignored;
  core_->socket.close(ignored);
  core_ = nullptr;
}

void stream::close_when_drained() {
  if (!core_ || pending() == 0) return close();
  // The waiting write keeps the core, and with it the socket, alive until all has been sent.
  core_->owner = nullptr;
  core_ = nullptr;
}

int stream::release() noexcept {
  core_->owner = nullptr;
  boost::system::error_code ignored;
  const int handle = core_->socket.release(ignored);
  core_ = nullptr;
  return handle;
}

}  // namespace highwater::proxy
