#pragma once

// What was answered about so many users, each for a while. Of more, and of those whose time is over, the oldest answers
// are forgotten. Every operation takes constant time, putting one in on average. No clock.

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>

#include "proxy/auth/secret_answer.hpp"

namespace highwater::auth {

using instant = std::chrono::steady_clock::time_point;

class kept_answers {
public:
  // `most` at least 1.
  kept_answers(std::size_t most, std::chrono::milliseconds lifetime) : most_{most}, lifetime_{lifetime} {}
  kept_answers(const kept_answers&) = delete;
  kept_answers& operator=(const kept_answers&) = delete;

  // In place of what was there. `now` does not go back.
  void put(const std::string& name, const secret_answer& answer, instant now);
  // None: nothing that still holds.
  const secret_answer* find(std::string_view name, instant now) const noexcept;
  void forget(std::string_view name);
  void clear();

  std::size_t size() const noexcept { return kept_.size(); }

private:
  struct kept {
    std::string name;
    secret_answer answer;
    instant until;
  };

  std::size_t most_;
  std::chrono::milliseconds lifetime_;
  std::list<kept> kept_;                                                           // the newest comes first
  boost::unordered_flat_map<std::string_view, std::list<kept>::iterator> places_;  // the names are those of the list
};

}  // namespace highwater::auth
