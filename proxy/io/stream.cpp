#include "proxy/io/stream.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/execution.hpp>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "proxy/io/dead_peer.hpp"
#include "proxy/io/readiness.hpp"

namespace highwater::proxy {

namespace {

// A peer that has gone without a word (a lost host, a cut network) is noticed after a minute and a half: by keepalives
// if nothing is under way, else by core::look_after().
constexpr std::chrono::seconds longest_silence{90};
constexpr std::chrono::seconds longest_farewell{30};  // for what is still to be sent when the owner has gone

void detect_dead_peer(int socket) noexcept {
  constexpr std::pair<int, int> options[] = {{TCP_KEEPIDLE, 60}, {TCP_KEEPINTVL, 10}, {TCP_KEEPCNT, 3}};  // seconds
  for (const auto& [name, value] : options) ::setsockopt(socket, IPPROTO_TCP, name, &value, sizeof value);
}

}  // namespace

// What lives on when the stream has gone with something still to be sent.
class stream::core final : public readiness::watched {
public:
  core(readiness& events, int socket, listener& to) : owner(&to), events_(events), socket_(socket) {
    events_.add(socket_, *this);
  }
  // With the last reference, and so not removed before: the set forgets a socket that is closed.
  ~core() override {
    if (socket_ >= 0) ::close(socket_);
  }

  read_result read(char* to, std::size_t size) noexcept;
  void await_readable();
  void write(std::string_view bytes);
  std::size_t pending() const noexcept { return pending_.size() - sent_; }
  void close() noexcept;
  int release() noexcept;
  int native() const noexcept { return socket_; }
  void keep() { events_.keep(readiness::watched_ptr(this)); }

  listener* owner;  // null: nobody listens any more

private:
  void on_event(bool can_read, bool can_write, bool hung_up) override;
  void look_after(std::chrono::steady_clock::time_point now) override;
  std::size_t send_some(std::string_view bytes) noexcept;
  void send_pending();

  readiness& events_;
  int socket_;
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
    const auto got = ::recv(socket_, to, size, 0);
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
    events_.tell_later(readiness::watched_ptr(this), true, false);
}

std::size_t stream::core::send_some(std::string_view bytes) noexcept {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto sent = ::send(socket_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
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
  if (broken_) events_.tell_later(readiness::watched_ptr(this), false, true);
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
  if (socket_ < 0) return;
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
  const auto seen = signs_of(socket_);
  if (seen && is_gone(*seen, longest_silence)) ::shutdown(socket_, SHUT_RDWR);
}

void stream::core::close() noexcept {
  owner = nullptr;
  const int socket = std::exchange(socket_, -1);
  if (socket < 0) return;
  events_.remove(socket, *this);
  ::close(socket);
}

int stream::core::release() noexcept {
  owner = nullptr;
  const int socket = std::exchange(socket_, -1);
  events_.remove(socket, *this);
  return socket;
}

stream::stream() noexcept = default;

stream::stream(boost::asio::ip::tcp::socket socket, listener& owner) {
  auto& context = boost::asio::query(socket.get_executor(), boost::asio::execution::context);
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(boost::asio::socket_base::keep_alive(true), ignored);
  detect_dead_peer(socket.native_handle());
  core_ = new core(boost::asio::use_service<readiness>(context), socket.release(ignored), owner);
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

int stream::release() noexcept {
  const int socket = core_->release();
  core_ = nullptr;
  return socket;
}

}  // namespace highwater::proxy
