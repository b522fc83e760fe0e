#include "tests/support/faulty_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace highwater::testing_support {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

faulty_server::faulty_server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port());
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 64) != 0) {
    throw std::runtime_error("the faulty server cannot listen");
  }
}

void faulty_server::start() {
  thread_ = std::thread([this] { serve(); });
}

void faulty_server::stop() {
  ends_ = true;
  thread_.join();
  ::close(listener_);
}

void faulty_server::serve() {
  while (!ends_) {
    std::vector<pollfd> wanted{{listener_, POLLIN, 0}};
    for (const int each : watched()) wanted.push_back({each, POLLIN, 0});
    if (::poll(wanted.data(), wanted.size(), 5) <= 0) continue;
    if (wanted.front().revents != 0) {
      accepted(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
      ++connections_;
      continue;
    }
    // One at a time: it may end others.
    const auto ready = std::find_if(wanted.begin(), wanted.end(), [](const pollfd& one) { return one.revents != 0; });
    if (ready != wanted.end()) readable(ready->fd);
  }
}

babbler::babbler(std::string nonsense, bool hangs_up) : nonsense_(std::move(nonsense)), hangs_up_(hangs_up) {
  start();
}

babbler::~babbler() {
  stop();
  for (const int each : peers_) ::close(each);
}

void babbler::accepted(int peer) {
  char request[1024];
  if (::recv(peer, request, sizeof request, 0) > 0) send_all(peer, nonsense_);
  if (!hangs_up_) return peers_.push_back(peer);
  ::close(peer);
}

mute_server::~mute_server() {
  stop();
  for (const int each : peers_) ::close(each);
}

namespace {

// -1: nobody listens.
int connect_to(std::uint16_t port) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return server;
  ::close(server);
  return -1;
}

}  // namespace

relay::relay(std::uint16_t server_port) : server_port_(server_port) {}

relay::~relay() {
  for (const auto& one : pairs_) {
    ::close(one.client);
    if (!one.lost) ::close(one.server);
  }
}

void relay::accepted(int peer) {
  const int server = connect_to(server_port_);
  if (server < 0) {
    ::close(peer);
    return;
  }
  pairs_.push_back({peer, server});
}

std::vector<int> relay::watched() const {
  std::vector<int> all;
  for (const auto& one : pairs_) {
    all.push_back(one.client);
    if (!one.lost) all.push_back(one.server);
  }
  return all;
}

void relay::readable(int which) {
  const auto found = std::find_if(pairs_.begin(), pairs_.end(), [&](const pair& one) {
    return one.client == which || (one.server == which && !one.lost);
  });
  char buffer[16384];
  const auto got = ::recv(which, buffer, sizeof buffer, 0);
  const std::string_view bytes(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
  const bool from_client = found->client == which;
  if (!bytes.empty() && (found->lost || pass_on(*found, from_client, bytes))) return;
  if (!found->lost) ::close(found->server);
  if (!from_client && found->quiet) {
    found->lost = true;
    return;
  }
  ::close(found->client);
  pairs_.erase(found);
}

bool relay::pass_on(pair& through, bool from_client, std::string_view bytes) {
  return send_all(from_client ? through.server : through.client, bytes);
}

moody_relay::moody_relay(std::uint16_t server_port, std::string cue, std::string nonsense)
    : relay(server_port), cue_(std::move(cue)), nonsense_(std::move(nonsense)) {
  start();
}

bool moody_relay::pass_on(pair& through, bool from_client, std::string_view bytes) {
  if (from_client && bytes.find(cue_) != std::string_view::npos) return send_all(through.client, nonsense_);
  return relay::pass_on(through, from_client, bytes);
}

silent_relay::silent_relay(std::uint16_t server_port, std::string cue) : relay(server_port), cue_(std::move(cue)) {
  start();
}

bool silent_relay::pass_on(pair& through, bool from_client, std::string_view bytes) {
  through.quiet |= from_client && bytes.find(cue_) != std::string_view::npos;
  return relay::pass_on(through, from_client, bytes);
}

balancer::balancer(std::uint16_t first, std::uint16_t second, std::string cue)
    : relay(first), second_(second), cue_(std::move(cue)) {
  start();
}

bool balancer::pass_on(pair& through, bool from_client, std::string_view bytes) {
  if (from_client && !std::exchange(through.begun, true) && bytes.find(cue_) == std::string_view::npos) {
    ::close(through.server);
    through.server = connect_to(second_);
    if (through.server < 0) return false;
  }
  return relay::pass_on(through, from_client, bytes);
}

holding_relay::holding_relay(std::uint16_t server_port, std::string cue) : relay(server_port), cue_(std::move(cue)) {
  start();
}

bool holding_relay::pass_on(pair& through, bool from_client, std::string_view bytes) {
  if (!from_client || !held_.empty() || bytes.find(cue_) == std::string_view::npos) {
    return relay::pass_on(through, from_client, bytes);
  }
  held_ = bytes;
  held_by_ = through.server;
  return true;
}

void holding_relay::let_go() {
  send_all(held_by_, held_);
}

}  // namespace highwater::testing_support
