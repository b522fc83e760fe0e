#include "proxy/io/stream.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "proxy/io/dead_peer.hpp"

namespace highwater::proxy {

namespace {

// A peer that has gone without a word (a lost host, a cut network) is noticed after a minute and a half: by keepalives
// if nothing is under way, else by core::look_after().
constexpr std::chrono::seconds longest_silence{90};
constexpr std::chrono::seconds longest_farewell{30};  // for what is still to be sent when the owner has gone

void set_up(int socket) noexcept {
  constexpr int on = 1;
  constexpr std::pair<int, int> options[] = {
      {TCP_NODELAY, on}, {TCP_KEEPIDLE, 60}, {TCP_KEEPINTVL, 10}, {TCP_KEEPCNT, 3}};  // seconds
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  for (const auto& [name, value] : options) ::setsockopt(socket, IPPROTO_TCP, name, &value, sizeof value);
}

}  // namespace

// What lives on when the stream has gone with something still to be sent.
class stream::core final : public event_loop::watched {
public:
  // The loop forgets a socket that is closed with the last reference to this.
  core(event_loop& loop, unique_socket socket, listener& to) : owner(&to), loop_(loop), socket_(std::move(socket)) {
    loop_.add(socket_.get(), *this);
  }

  read_result read(char* to, std::size_t size) noexcept;
  void await_readable();
  void write(std::string_view bytes);
  std::size_t pending() const noexcept { return pending_.size() - sent_; }
  void close() noexcept;
  unique_socket release() noexcept;
  int native() const noexcept { return socket_.get(); }
  void keep() { loop_.keep(event_loop::watched_ptr(this)); }

  listener* owner;  // null: nobody listens any more

private:
  void on_event(bool can_read, bool can_write, bool hung_up) override;
  void look_after(std::chrono::steady_clock::time_point now) override;
  std::size_t send_some(std::string_view bytes) noexcept;
  void send_pending();

  event_loop& loop_;
  unique_socket socket_;
  std::string pending_;
  std::size_t sent_ = 0;                                 // of pending_
  std::chrono::steady_clock::time_point alone_since_{};  // without an owner
  bool readable_ = false;                                // an edge has come, and nothing has been found empty since
  bool hung_up_ = false;                                 // the peer has closed: the last edge there is
  bool wants_read_ = false;
  bool told_ = false;  // an event of our own is on its way
  bool broken_ = false;
};

stream::read_result stream::core::read(char* to, std::size_t size) noexcept {
  if (broken_) return {read_status::closed, 0};
  for (;;) {
    const auto got = ::recv(socket_.get(), to, size, 0);
    if (got > 0) {
      // Less than there was room for: the next bytes will be an edge again ("epoll(7)", question 9).
      readable_ = hung_up_ || static_cast<std::size_t>(got) == size;
      return {read_status::data, static_cast<std::size_t>(got)};
    }
    if (got == 0) return {read_status::closed, 0};
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return {read_status::closed, 0};
    readable_ = hung_up_;
    return {read_status::would_block, 0};
  }
}

void stream::core::await_readable() {
  wants_read_ = true;
  if ((readable_ || broken_) && !std::exchange(told_, true))
    loop_.tell_later(event_loop::watched_ptr(this), true, false);
}

std::size_t stream::core::send_some(std::string_view bytes) noexcept {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto sent = ::send(socket_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno != EINTR) {
      broken_ = errno != EAGAIN && errno != EWOULDBLOCK;
      break;
    }
  }
  return done;
}

void stream::core::write(std::string_view bytes) {
  if (broken_ || bytes.empty()) return;
  if (pending_.empty()) {
    bytes.remove_prefix(send_some(bytes));
    if (bytes.empty()) return;
  }
  pending_.append(bytes);
  // A broken connection is reported from the event loop, as any other news.
  if (broken_) loop_.tell_later(event_loop::watched_ptr(this), false, true);
}

void stream::core::send_pending() {
  if (!broken_) sent_ += send_some(std::string_view(pending_).substr(sent_));
  if (!broken_ && sent_ < pending_.size()) return;
  pending_ = {};
  sent_ = 0;
  if (owner != nullptr) {
    owner->on_drained();
  } else {
    close();
  }
}

void stream::core::on_event(bool can_read, bool can_write, bool hung_up) {
  if (!socket_) return;
  hung_up_ |= hung_up;
  if (can_read) {
    readable_ = true;
    told_ = false;
  }
  if (can_write && !pending_.empty()) send_pending();
  if (can_read && owner != nullptr && std::exchange(wants_read_, false)) owner->on_readable();
}

// The end of the socket is an event like any other.
void stream::core::look_after(std::chrono::steady_clock::time_point now) {
  if (owner == nullptr) {
    if (alone_since_ == std::chrono::steady_clock::time_point{}) alone_since_ = now;
    if (now - alone_since_ >= longest_farewell) close();
    return;
  }
  const auto seen = signs_of(socket_.get());
  if (seen && is_gone(*seen, longest_silence)) ::shutdown(socket_.get(), SHUT_RDWR);
}

void stream::core::close() noexcept {
  release();
}

unique_socket stream::core::release() noexcept {
  owner = nullptr;
  if (socket_) loop_.remove(socket_.get(), *this);
  return std::move(socket_);
}

stream::stream() noexcept = default;

stream::stream(event_loop& loop, unique_socket connected, listener& owner) {
  set_up(connected.get());
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

stream::read_result stream::read(char* to, std::size_t size) noexcept {
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

void stream::close() noexcept {
  if (core_) core_->close();
  core_ = nullptr;
}

void stream::close_when_drained() {
  if (!core_ || pending() == 0) return close();
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

unique_socket stream::release() noexcept {
  auto socket = core_->release();
  core_ = nullptr;
  return socket;
}

}  // namespace highwater::proxy
