#include "proxy/process/http_thread.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <utility>

namespace highwater::proxy {

namespace {

// Of this thread alone: Linux has a niceness for each.
void give_way() noexcept {
  constexpr int niceness = 10;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
}

}  // namespace

http_thread::http_thread(const std::function<boost::asio::ip::tcp::acceptor(boost::asio::io_context&)>& listen,
                         std::function<http_page(std::string_view path)> page)
    : server_(io_, listen(io_), std::move(page)) {}

http_thread::~http_thread() {
  stop();
}

void http_thread::start() {
  server_.start();
  thread_ = std::thread([this] {
    give_way();
    io_.run();
  });
  ::pthread_setname_np(thread_.native_handle(), "http");
}

void http_thread::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this] {
    server_.stop();
    io_.stop();
  });
  thread_.join();
}

}  // namespace highwater::proxy
