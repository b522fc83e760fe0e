#include "proxy/io/slow_work.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

namespace highwater::proxy {

struct slow_work::thread {
  boost::asio::thread_pool one{1};
};

slow_work::slow_work() : thread_(std::make_unique<thread>()) {}

slow_work::~slow_work() {
  stop();
}

void slow_work::run(std::function<void()> job) {
  boost::asio::post(thread_->one, std::move(job));
}

void slow_work::stop() noexcept {
  thread_->one.stop();
  thread_->one.join();
}

}  // namespace highwater::proxy
