#pragma once

// Users who are logged in are looked up again and again, one after the other, so that nobody stays whom the database
// does not let in any more. No clock, no I/O.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proxy/auth/kept_answers.hpp"
#include "proxy/auth/secret_answer.hpp"

namespace highwater::auth {

// A user with sessions that were let in by the same secret: secret_answer::stamp() then.
struct standing_user {
  std::string name;
  std::uint64_t stamp = 0;

  bool operator==(const standing_user&) const = default;
};

// Gone: there is no such user any more, or no password is the right one. Changed: another secret is.
enum class revocation : std::uint8_t { gone, changed };
constexpr std::string_view to_string(revocation value) noexcept {
  return value == revocation::gone ? "gone" : "changed";
}

struct revoked_user {
  standing_user who;
  revocation why;
};

class standing_round {
public:
  // The first round begins after one period.
  standing_round(std::chrono::milliseconds period, instant now) : period_{period}, begins_{now + period} {}

  // When there is something to do: who is logged in is wanted, or the next of them is to be looked up.
  instant due() const noexcept { return left_.empty() ? begins_ : next_; }
  bool wants_users() const noexcept { return left_.empty(); }

  // They are looked up within the period, and not quicker than one in ten milliseconds if that will do.
  void begin(std::vector<standing_user> users, instant now);
  // Only if it does not want users.
  const std::string& next() const noexcept { return left_.begin()->first; }
  // Whose sessions are to end. What is unavailable revokes nothing.
  std::vector<revoked_user> answered(const std::string& name, const secret_answer& answer);
  // There are news: the next round begins now, or when this one is over.
  void hurry(instant now) noexcept { begins_ = now; }

private:
  std::chrono::milliseconds period_;
  std::chrono::steady_clock::duration gap_{};
  instant begins_;                                          // the next round
  instant next_{};                                          // name of this one
  std::map<std::string, std::vector<std::uint64_t>> left_;  // in this round, in order: about a period after the last
};

}  // namespace highwater::auth
