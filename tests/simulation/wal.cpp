#include "tests/simulation/wal.hpp"

#include <algorithm>

namespace highwater::simulation {

place wal::end_at(instant moment_) const {
  const auto beyond = std::upper_bound(trace_.begin(), trace_.end(), moment_,
                                       [](instant m, const moment& one) { return m < one.when; });
  return std::prev(beyond)->end;
}

lsn wal::surviving(place of) const {
  for (auto branch = of.branch; branch < forks_.size(); ++branch) of.at = std::min(of.at, forks_[branch]);
  return of.at;
}

void wal::fork(lsn left) {
  const auto ended = branch();
  for (; !live_.empty() && records_[live_.back()].at.at > left; live_.pop_back())
    records_[live_.back()].lost_in = ended;
  forks_.push_back(left);
  trace_.push_back({when_.now(), {left, branch()}});
  flushed_ = std::min(flushed_, left);
}

lsn wal::append() {
  lsn end = inserted() + 8 * luck_.between(4, 100);
  // No record ends within a page's header, and what ends right behind one stands for the page's beginning (rule 2).
  constexpr lsn page = 8192, longest_header = 40;
  if (end % page != 0 && end % page <= longest_header) end += longest_header;
  trace_.push_back({when_.now(), {end, branch()}});
  return end;
}

transaction_id wal::begin() {
  running_.push_back({next_, 0});
  if (newest_.size() <= next_ - first_id) newest_.push_back(-1);
  return next_++;
}

bool wal::is_open(transaction_id id) const noexcept {
  return std::ranges::any_of(running_, [id](const running& one) { return one.id == id && one.at == 0; });
}

// The record is in the WAL at once; until the transaction is off the primary's list it takes a moment, or a stall.
microseconds wal::finish(transaction_id id, bool commits) {
  const auto at = append();
  const auto highest = live_.empty() ? id : std::max(id, records_[live_.back()].highest);
  auto& newest = newest_[id - first_id];
  records_.push_back({{at, branch()}, never_lost, commits, id, highest, newest});
  newest = static_cast<int>(records_.size() - 1);
  live_.push_back(records_.size() - 1);
  for (auto& one : running_) {
    if (one.id == id && commits) one.at = at;
  }
  const bool stall = luck_.one_in(15);
  if (stall) ++stalls;
  const auto takes = stall ? luck_.span(300, 12'000) : luck_.span(1, 150);
  when_.after(takes, [this, id, life = life_] {
    if (life != life_) return;
    std::erase_if(running_, [id](const running& one) { return one.id == id; });
    ended_ = std::max(ended_, id);
  });
  return takes;
}

void wal::end_all() {
  ++life_;
  running_.clear();
  // Ids that nothing in the WAL tells of are used again.
  next_ = live_.empty() ? first_id : records_[live_.back()].highest + 1;
  ended_ = next_ - 1;
}

lsn wal::complete() const noexcept {
  lsn first = inserted() + 1;
  for (const auto& one : running_) {
    if (one.at != 0) first = std::min(first, one.at);
  }
  return first - 1;
}

proxy::transaction_snapshot wal::shown_by_primary() const {
  proxy::transaction_snapshot shown;
  shown.xmax = ended_ + 1;
  for (const auto& one : running_) {
    if (one.id < shown.xmax) shown.running.push_back(one.id);
  }
  return shown;
}

std::vector<transaction_id> wal::census() const {
  std::vector<transaction_id> all;
  for (const auto& one : running_) {
    if (one.at != 0 || luck_.one_in(2)) all.push_back(one.id);
  }
  return all;
}

transaction_id wal::highest(place upto) const {
  if (upto.branch == branch()) {
    const auto beyond = std::upper_bound(live_.begin(), live_.end(), upto.at,
                                         [this](lsn at, std::size_t one) { return at < records_[one].at.at; });
    return beyond == live_.begin() ? first_id - 1 : records_[*std::prev(beyond)].highest;
  }
  const auto found =
      std::find_if(records_.rbegin(), records_.rend(), [&](const record& one) { return seen(one, upto); });
  return found == records_.rend() ? first_id - 1 : found->highest;
}

bool wal::calls_committed(place upto, transaction_id id) const {
  if (id < first_id || id - first_id >= newest_.size()) return false;
  for (auto one = newest_[id - first_id]; one >= 0; one = records_[static_cast<std::size_t>(one)].before) {
    if (seen(records_[static_cast<std::size_t>(one)], upto)) return records_[static_cast<std::size_t>(one)].committed;
  }
  return false;
}

}  // namespace highwater::simulation
