#include "bench/checker/http_get.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace highwater::bench {
namespace {

struct place {
  std::string host, port, path;
};

std::optional<place> parse(std::string url) {
  constexpr std::string_view scheme = "http://";
  if (url.substr(0, scheme.size()) != scheme) return std::nullopt;
  url.erase(0, scheme.size());
  const auto slash = url.find('/');
  const auto authority = url.substr(0, slash);
  const auto colon = authority.rfind(':');
  place out;
  out.host = authority.substr(0, colon);
  out.port = colon == std::string::npos ? "80" : authority.substr(colon + 1);
  out.path = slash == std::string::npos ? "/" : url.substr(slash);
  return out;
}

class socket_handle {
public:
  explicit socket_handle(int fd) : fd_{fd} {}
  ~socket_handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  socket_handle(const socket_handle&) = delete;
  socket_handle& operator=(const socket_handle&) = delete;
  int get() const { return fd_; }

private:
  int fd_;
};

std::optional<std::string> exchange(const addrinfo& to, const place& from) {
  const socket_handle fd{::socket(to.ai_family, to.ai_socktype, to.ai_protocol)};
  const timeval limit{5, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), to.ai_addr, to.ai_addrlen) != 0) return std::nullopt;
  const std::string request = "GET " + from.path + " HTTP/1.0\r\nHost: " + from.host + "\r\nConnection: close\r\n\r\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return std::nullopt;
  std::string reply;
  std::array<char, 16384> chunk;
  ssize_t got = 0;
  while ((got = ::recv(fd.get(), chunk.data(), chunk.size(), 0)) > 0)
    reply.append(chunk.data(), static_cast<size_t>(got));
  if (got < 0) return std::nullopt;
  return reply;
}

}  // namespace

std::optional<std::string> http_get(const std::string& url) {
  const auto from = parse(url);
  if (!from) return std::nullopt;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(from->host.c_str(), from->port.c_str(), &hints, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses{found, ::freeaddrinfo};
  const auto reply = exchange(*addresses, *from);
  if (!reply || reply->compare(0, 7, "HTTP/1.") != 0 || reply->compare(8, 4, " 200") != 0) return std::nullopt;
  const auto body = reply->find("\r\n\r\n");
  return body == std::string::npos ? std::nullopt : std::optional{reply->substr(body + 4)};
}

}  // namespace highwater::bench
