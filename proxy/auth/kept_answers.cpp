#include "proxy/auth/kept_answers.hpp"

namespace highwater::auth {

void kept_answers::put(const std::string& name, const secret_answer& answer, instant now) {
  forget(name);
  while (!kept_.empty() && (kept_.size() >= most_ || now >= kept_.back().until)) forget(kept_.back().name);
  kept_.push_front({name, answer, now + lifetime_});
  places_.emplace(kept_.front().name, kept_.begin());
}

const secret_answer* kept_answers::find(std::string_view name, instant now) const noexcept {
  const auto at = places_.find(name);
  return at == places_.end() || now >= at->second->until ? nullptr : &at->second->answer;
}

void kept_answers::forget(std::string_view name) {
  const auto at = places_.find(name);
  if (at == places_.end()) return;
  const auto which = at->second;
  places_.erase(at);
  kept_.erase(which);
}

void kept_answers::clear() {
  places_.clear();
  kept_.clear();
}

}  // namespace highwater::auth
