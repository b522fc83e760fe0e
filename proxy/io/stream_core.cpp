#include "proxy/io/stream_core.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "proxy/io/dead_peer.hpp"

namespace highwater::proxy {

namespace {

// A peer that has gone without a word (a lost host, a cut network) is noticed after a minute and a half: by keepalives
// if nothing is under way, else by core::look_after().
constexpr std::chrono::seconds longest_silence{90};
constexpr std::chrono::seconds longest_farewell{30};  // for what is still to be sent when the owner has gone

constexpr std::size_t most_unasked = 64U << 10U;
constexpr std::size_t much = 1U << 20U;  // of memory to keep for the next write

// Of this thread, as every stream belongs to one: between two calls nothing is in there.
thread_local std::array<char, 32U << 10U> cipher_scratch;
thread_local std::string records_scratch;

}  // namespace

stream::core::core(event_loop& loop, transport from, listener& to)
    : owner(&to), loop_(loop), socket_(std::move(from.socket)), tls_(std::move(from.tls)) {
  loop_.add(socket_.get(), *this);
  readable_ = tls_ && tls_->has_more();
}

stream::read_result stream::core::read(char* to, std::size_t size) {
  if (broken_) return {read_status::closed, 0};
  if (!tls_) return receive(to, size);
  if (tls_->has_more()) return decrypt({}, to, size);
  const auto got = receive(cipher_scratch.data(), cipher_scratch.size());
  if (got.status != read_status::data) return got;
  // What is not for the owner may come without end: it is others' turn then, as behind any read.
  return decrypt({cipher_scratch.data(), got.size}, to, size);
}

// The handshake answers, and so may whatever else is not for the owner: once that is much more than a handshake needs,
// somebody does it to keep us busy.
stream::read_result stream::core::decrypt(std::string_view cipher, char* to, std::size_t size) {
  std::string answer;
  const auto got = tls_->read(cipher, to, size, answer);
  unasked_ = got.size > 0 ? 0 : unasked_ + answer.size();
  if (unasked_ > most_unasked) broken_ = true;
  send(answer);
  readable_ |= tls_->has_more();
  if (got.size > 0) return {read_status::data, got.size};
  const bool open = got.what == tls_engine::status::open && !broken_;
  return {open ? read_status::would_block : read_status::closed, 0};
}

stream::read_result stream::core::receive(char* to, std::size_t size) noexcept {
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
  if (!tls_) return send(bytes);
  auto& records = records_scratch;
  records.clear();
  tls_->write(bytes, records);
  send(records);
  if (records.capacity() > much) records = std::string();
  if (!tls_->why().empty() && !std::exchange(broken_, true))
    loop_.tell_later(event_loop::watched_ptr(this), true, true);
}

void stream::core::encrypt(std::unique_ptr<tls_engine> with, std::string_view came) {
  tls_ = std::move(with);
  // A client speaks first, and so does a handshake.
  std::string answer;
  tls_->read(came, nullptr, 0, answer);
  send(answer);
  readable_ |= tls_->has_more();
}

// There may be no memory for it: then the peer sees the end without it.
void stream::core::say_goodbye() noexcept try {
  if (!tls_ || broken_) return;
  std::string last;
  tls_->close(last);
  send(last);
} catch (const std::bad_alloc&) {
}

void stream::core::send(std::string_view bytes) {
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

transport stream::core::release() noexcept {
  owner = nullptr;
  if (socket_) loop_.remove(socket_.get(), *this);
  return {std::move(socket_), std::move(tls_)};
}

}  // namespace highwater::proxy
