#pragma once

// A thread for what takes too long where others wait: deriving keys from passwords, asking the system who somebody is.
// One job after the other, in the order in which they came.

#include <functional>
#include <memory>

namespace highwater::proxy {

class slow_work {
public:
  slow_work();
  ~slow_work();

  // From any thread. `job` is let go of on the thread of the work.
  void run(std::function<void()> job);
  // What has not begun is let go of. Returns when the thread has ended.
  void stop() noexcept;

private:
  struct thread;
  std::unique_ptr<thread> thread_;
};

}  // namespace highwater::proxy
