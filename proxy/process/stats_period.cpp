#include "proxy/process/stats_period.hpp"

#include <utility>

namespace highwater::proxy {

namespace {

using console::stat_counters;
using std::chrono::microseconds;

std::uint64_t per_second(std::uint64_t count, microseconds period) {
  constexpr std::uint64_t second = 1'000'000;
  return count * second / static_cast<std::uint64_t>(period.count());
}

microseconds each(microseconds all, std::uint64_t count) {
  return count == 0 ? microseconds(0) : all / static_cast<microseconds::rep>(count);
}

stat_counters average_of(const stat_counters& before, const stat_counters& now, microseconds period) {
  constexpr std::uint64_t stat_counters::*counts[] = {
      &stat_counters::server_assignments, &stat_counters::transactions, &stat_counters::queries,
      &stat_counters::received_bytes,     &stat_counters::sent_bytes,   &stat_counters::client_parses,
      &stat_counters::server_parses,      &stat_counters::binds};
  stat_counters made;
  for (const auto one : counts) made.*one = per_second(now.*one - before.*one, period);
  made.transaction_time = each(now.transaction_time - before.transaction_time, now.transactions - before.transactions);
  made.query_time = each(now.query_time - before.query_time, now.queries - before.queries);
  made.wait_time = each(now.wait_time - before.wait_time, now.server_assignments - before.server_assignments);
  return made;
}

}  // namespace

// A database that had been forgotten begins anew.
void stats_period::close(counters now, microseconds after) {
  averages_.clear();
  for (const auto& [database, counted] : now) {
    const auto& before = last_[database];
    const bool goes_on = counted.received_bytes >= before.received_bytes && counted.queries >= before.queries;
    averages_[database] = average_of(goes_on ? before : stat_counters{}, counted, after);
  }
  last_ = std::move(now);
}

stat_counters stats_period::average(const std::string& database) const {
  const auto found = averages_.find(database);
  return found == averages_.end() ? stat_counters{} : found->second;
}

}  // namespace highwater::proxy
