#pragma once

// Threads for what waits for somebody who may be slow, or never answer. They are begun when there is something to do,
// and end when there has been nothing for a while. Whoever never answers keeps nobody from ending.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace highwater::proxy {

class waiting_work {
public:
  using rest = std::function<void()>;
  // What waits, and owns all that it uses: it may outlive whoever has asked for it, and this object.
  using job = std::function<rest()>;

  // At most so many threads, and so many jobs that have not begun.
  waiting_work(std::string name, unsigned threads, std::size_t queue);
  ~waiting_work();

  // From any thread. False: too many wait. What `job` returns is called behind it on its thread, unless stop() has been
  // called; it must only post. Empty: there is nothing to be called.
  bool run(job what);
  // What has not begun is let go of; what has is left to itself. Nothing is called any more.
  void stop() noexcept;

private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace highwater::proxy
