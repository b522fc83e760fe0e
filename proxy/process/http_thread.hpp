#pragma once

// The HTTP server has a thread of its own, which gives way to all others: whoever looks at us must not hold up the
// monitors, and a busy control thread must not look like a dead process.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string_view>
#include <thread>

#include "proxy/process/http_server.hpp"

namespace highwater::proxy {

class http_thread {
public:
  // `listen` makes the acceptor on the event loop that it is given. `page` is called on this thread.
  http_thread(const std::function<boost::asio::ip::tcp::acceptor(boost::asio::io_context&)>& listen,
              std::function<http_page(std::string_view path)> page);
  ~http_thread();

  void start();
  void stop();  // returns when the thread has ended

private:
  boost::asio::io_context io_{1};
  http_server server_;
  std::thread thread_;
};

}  // namespace highwater::proxy
