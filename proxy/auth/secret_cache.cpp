#include "proxy/auth/secret_cache.hpp"

#include <utility>

namespace highwater::auth {

using outcome = secret_answer::outcome;

std::optional<secret_answer> secret_cache::ask(std::string_view name, teller& tell, instant now) {
  const std::string cut{name.substr(0, longest_user_name)};
  if (cut.empty() || cut.find('\0') != std::string::npos) return secret_answer{outcome::unknown};
  if (const auto* known = known_.find(cut, now)) return *known;
  if (unknown_.find(cut, now)) return secret_answer{outcome::unknown};
  if (waiting_.size() >= most_waiting_ && !waiting_.contains(cut)) return secret_answer{outcome::unavailable};
  wait(cut, tell);
  return std::nullopt;
}

void secret_cache::wait(const std::string& name, teller& tell) {
  auto& waiters = waiting_[name];
  if (waiters.empty()) queue_.push_back(name);
  waiters.push_back({std::move(tell), generation_});
}

secret_cache::question secret_cache::next() {
  question first{std::move(queue_.front()), generation_};
  queue_.pop_front();
  return first;
}

std::vector<secret_cache::teller> secret_cache::answered(const question& asked, const secret_answer& answer,
                                                         instant now) {
  if (answer.what != outcome::unavailable && asked.generation == generation_) {
    const bool is_there = answer.what == outcome::found;
    (is_there ? unknown_ : known_).forget(asked.name);
    (is_there ? known_ : unknown_).put(asked.name, answer, now);
  }
  const auto waits = waiting_.find(asked.name);
  if (waits == waiting_.end()) return {};
  auto waiters = std::move(waits->second);
  waiting_.erase(waits);
  std::erase(queue_, asked.name);  // where it was looked up for another reason
  std::vector<teller> told;
  for (auto& each : waiters) {
    if (each.generation <= asked.generation) {
      told.push_back(std::move(each.tell));
    } else {
      wait(asked.name, each.tell);
    }
  }
  return told;
}

void secret_cache::again(const question& asked) {
  if (!waiting_.contains(asked.name)) return;
  std::erase(queue_, asked.name);
  queue_.push_front(asked.name);
}

std::vector<secret_cache::teller> secret_cache::give_up() {
  std::vector<teller> told;
  for (auto& [name, waiters] : waiting_) {
    for (auto& each : waiters) told.push_back(std::move(each.tell));
  }
  waiting_.clear();
  queue_.clear();
  return told;
}

void secret_cache::forget() {
  ++generation_;
  known_.clear();
  unknown_.clear();
}

}  // namespace highwater::auth
