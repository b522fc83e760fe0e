#include "proxy/io/waiting_work.hpp"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace highwater::proxy {

struct waiting_work::state {
  const std::string name;
  const unsigned most_threads;
  const std::size_t most_jobs;
  std::mutex mutex;
  std::condition_variable woken;
  std::deque<job> jobs;
  unsigned threads = 0;
  unsigned idle = 0;
  bool stopped = false;

  // False: the thread has nothing to do any more.
  bool await(std::unique_lock<std::mutex>& lock) {
    constexpr std::chrono::seconds enough{10};
    ++idle;
    woken.wait_for(lock, enough, [this] { return stopped || !jobs.empty(); });
    --idle;
    return !stopped && !jobs.empty();
  }

  void work() {
    std::unique_lock lock(mutex);
    while (!jobs.empty() || await(lock)) {
      const auto next = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      const auto then = next();
      lock.lock();
      if (then && !stopped) then();
    }
    --threads;
  }

  bool begin_thread(const std::shared_ptr<state>& self) {
    try {
      std::thread one([self] { self->work(); });
      ::pthread_setname_np(one.native_handle(), name.c_str());
      one.detach();
      ++threads;
      return true;
    } catch (const std::system_error&) {  // the machine gives no more
      return false;
    }
  }

  // For a thread that there is; else nobody would come.
  bool let_wait() {
    if (threads == 0) jobs.pop_back();
    return threads != 0;
  }
};

waiting_work::waiting_work(std::string name, unsigned threads, std::size_t queue)
    : state_(std::make_shared<state>(std::move(name), threads, queue)) {}

waiting_work::~waiting_work() {
  stop();
}

bool waiting_work::run(job what) {
  const std::scoped_lock lock(state_->mutex);
  if (state_->stopped || state_->jobs.size() >= state_->most_jobs) return false;
  state_->jobs.push_back(std::move(what));
  if (state_->idle >= state_->jobs.size() || state_->threads == state_->most_threads) {
    state_->woken.notify_one();
    return true;
  }
  return state_->begin_thread(state_) || state_->let_wait();
}

void waiting_work::stop() noexcept {
  std::deque<job> let_go;
  const std::scoped_lock lock(state_->mutex);
  state_->stopped = true;
  let_go.swap(state_->jobs);
  state_->woken.notify_all();
}

}  // namespace highwater::proxy
