#pragma once

// Users' secrets as the database has them: who is answered at once, who waits for which look-up, and how long an answer
// holds. Whoever looks users up takes next() and brings answered(). No clock, no I/O; all of one thread, or under a
// lock.

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/auth/kept_answers.hpp"
#include "proxy/auth/secret_answer.hpp"

namespace highwater::auth {

class secret_cache {
public:
  using teller = std::function<void(const secret_answer&)>;

  // Users who are there and names that are not are kept apart: who asks for ever new names drives nobody out.
  struct bounds {
    std::size_t known = 10'000;
    std::size_t unknown = 10'000;
    std::size_t waiting = 1'000;  // names
  };
  struct question {
    std::string name;
    std::uint64_t generation = 0;
  };

  secret_cache(std::chrono::milliseconds lifetime, const bounds& most)
      : most_waiting_{most.waiting}, known_{most.known, lifetime}, unknown_{most.unknown, lifetime} {}

  // The answer, if it is at hand. None: `tell` was taken, and is among those whom an answer brings. Names are cut as
  // PostgreSQL cuts them; one that no user can have is unknown. With too many waiting it is unavailable.
  std::optional<secret_answer> ask(std::string_view name, teller& tell, instant now);

  // Somebody waits for a name that is not being looked up.
  bool has_next() const noexcept { return !queue_.empty(); }
  // The name that has waited longest: it is being looked up from now on. Only where has_next().
  question next();
  // ... for a name that nobody waits for.
  question about(std::string name) const { return {std::move(name), generation_}; }

  // Who is to be told: all who wait for that name, but for those who came after a forget() that came after the
  // question. What is unavailable is not kept, nor what was asked before forget().
  std::vector<teller> answered(const question& asked, const secret_answer& answer, instant now);
  // It was not looked up, and is to be before all others; if somebody waits for it.
  void again(const question& asked);
  // There is nobody to ask: all who wait for any name are to be told that it is unavailable.
  std::vector<teller> give_up();
  // What was answered, and what is being looked up, does not hold for those who ask from now on.
  void forget();

private:
  struct waiter {
    teller tell;
    std::uint64_t generation;
  };
  void wait(const std::string& name, teller& tell);

  std::size_t most_waiting_;
  kept_answers known_;
  kept_answers unknown_;
  std::deque<std::string> queue_;
  boost::unordered_flat_map<std::string, std::vector<waiter>> waiting_;  // also for the one that is being looked up
  std::uint64_t generation_ = 0;
};

}  // namespace highwater::auth
