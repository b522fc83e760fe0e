#pragma once

// A small HTTP server on the control thread: a path, a page.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
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
  // `page` is asked for every GET, with the path.
  http_server(boost::asio::io_context& io, boost::asio::ip::tcp::acceptor acceptor,
              std::function<http_page(std::string_view path)> page);

  void start() { accept(); }
  void stop();

private:
  void accept();

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::function<http_page(std::string_view)> page_;
};

}  // namespace highwater::proxy
