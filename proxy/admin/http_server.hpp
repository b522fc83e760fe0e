#pragma once

// A small HTTP server on the control thread: a path, a page.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
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
  static constexpr long most_connections = 64;  // the next ones wait until one of these ends

  // `page` is asked for every GET, with the path.
  http_server(boost::asio::io_context& io, boost::asio::ip::tcp::acceptor acceptor,
              std::function<http_page(std::string_view path)> page);

  void start() { accept(); }
  void stop();

private:
  void accept();
  void accept_later();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::function<http_page(std::string_view)> page_;
  std::shared_ptr<void> place_ =
      std::make_shared<char>();  // each connection holds a copy: that is how they are counted
};

}  // namespace highwater::proxy
