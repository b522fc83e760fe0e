#pragma once

// A small HTTP server: a path, a page. Requests and answers have deadlines, and there are only so many at a time.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace highwater::proxy {

struct http_page {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

class http_server {
public:
  static constexpr std::size_t most_connections = 64;  // the next one takes the place of the oldest

  // `page` is asked for every GET, with the path.
  http_server(boost::asio::io_context& io, boost::asio::ip::tcp::acceptor acceptor,
              std::function<http_page(std::string_view path)> page);

  void start() { accept(); }
  void stop();

private:
  class exchange;

  void accept();
  void make_room();
  void accept_later();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::function<http_page(std::string_view)> page_;
  std::deque<std::weak_ptr<exchange>> open_;  // the oldest first; some have ended
};

}  // namespace highwater::proxy
