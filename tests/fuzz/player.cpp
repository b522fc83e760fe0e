#include "tests/fuzz/player.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace highwater::fuzz {
namespace {

namespace raw = testing_support::raw;

constexpr std::size_t header_size = 5;

// A peer that has gone away shows when its end is read.
void send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

player::player(const program& what, endpoint where) : program_(what), where_(std::move(where)) {}

player::~player() {
  if (socket_ >= 0) ::close(socket_);
}

bool player::settled() const {
  if (logging_in_) return false;
  if (awaits_error_) return false;
  return gone_ || ledger_.settled();
}

bool player::at_meeting() const {
  if (done_) return true;
  return !met_ && next_ > 0 && settled() && program_.steps[next_ - 1].then == then::meet;
}

bool player::may_act() const {
  if (done_) return false;
  if (socket_ < 0) return true;
  const bool goes_on = next_ > 0 && program_.steps[next_ - 1].then == then::go_on && !logging_in_;
  // With RST, and with answers that nobody has read, the end takes what the server has not read yet, and whether that
  // is so nobody knows.
  if (goes_on && (next_ == program_.steps.size() || !ends_connection(program_.steps[next_]))) return true;
  return settled() && !at_meeting();
}

bool player::holds() const {
  return socket_ >= 0 && (!idle_ || !settled() || in_exchange_ || ledger_.copying_in());
}

void player::connect() {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(where_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("no connection to port " + std::to_string(where_.port));
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ledger_ = {};
  page_ = {next_, next_, {}};
  gone_ = false;
  idle_ = true;
  in_exchange_ = false;
  logging_in_ = true;
  send_all(socket_, raw::startup(where_.user, where_.database, program_.startup));
}

void player::disconnect(bool with_reset) {
  if (with_reset && socket_ >= 0) {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  unread_.clear();
  page_ = {next_, next_, {}};
  logging_in_ = awaits_error_ = false;
}

void player::leave() {
  if (socket_ < 0) return;
  send_all(socket_, raw::terminate());
  ::close(std::exchange(socket_, -1));
}

void player::act() {
  if (program_.steps.empty()) {
    done_ = true;
    return;
  }
  if (socket_ < 0) return connect();
  if (next_ == program_.steps.size()) {
    done_ = true;
    return;
  }
  met_ = false;
  const auto& now = program_.steps[next_];
  if (gone_ && !ends_connection(now)) {
    ++next_;
  } else {
    say(now);
  }
}

void player::say(const step& what) {
  std::string bytes;
  for (const auto& one : what.requests) bytes += encode(one);
  bytes.resize(bytes.size() - std::min(bytes.size(), what.keep_back));
  page_.last_step = next_++;
  if (ends_connection(what)) {
    if (!gone_) send_all(socket_, bytes);
    return disconnect(what.then == then::reset);
  }
  for (const auto& one : what.requests) {
    ledger_.sent(one.what);
    in_exchange_ = one.what != ask::sync && one.what != ask::query && one.what != ask::barrier;
  }
  awaits_error_ = what.then == then::await_error && !ledger_.skipping();
  send_all(socket_, bytes);
  turn_page();
}

void player::read() {
  char bytes[16384];
  const auto count = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return ended_by_server();
  unread_.append(bytes, static_cast<std::size_t>(count));
  while (unread_.size() >= header_size) {
    const std::size_t size = 1 + raw::int32_at(unread_, 1);
    if (size < header_size) return ended_by_server();
    if (unread_.size() < size) break;
    take({unread_[0], unread_.substr(header_size, size - header_size)});
    unread_.erase(0, size);
  }
  turn_page();
}

void player::ended_by_server() {
  if (gone_) return;
  gone_ = true;
  logging_in_ = awaits_error_ = false;
  page_.lines.emplace_back("the server closed the connection");
  turn_page();
}

void player::take(const raw::message& what) {
  page_.lines.push_back(line_of(what));
  if (what.type == 'Z') {
    idle_ = what.payload == "I";
    if (logging_in_) std::sort(page_.lines.begin(), page_.lines.end());
    logging_in_ = false;
  }
  if (what.type == 'E') awaits_error_ = false;
  ledger_.received(what.type);
}

// Where nothing is due, one account ends and the next begins.
void player::turn_page() {
  if (!settled() || (next_ > 0 && program_.steps[next_ - 1].then == then::go_on)) return;
  // What may still come for it, comes when it likes.
  if (in_exchange_ && !gone_) return;
  sort_copied_rows(page_.lines);
  if (!page_.lines.empty()) account_.exchanges.push_back(page_);
  page_ = {next_, next_, {}};
}

void player::give_up() {
  if (!page_.lines.empty() || !settled()) account_.exchanges.push_back(page_);
  account_.stuck = true;
  done_ = true;
  logging_in_ = awaits_error_ = false;
  gone_ = true;
}

}  // namespace highwater::fuzz
