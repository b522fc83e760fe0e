#pragma once

// How often something has failed lately, by name. Holds so many names: of more, and of those whose last failure is long
// ago, those that have not failed for the longest are forgotten. Every operation takes constant time. No clock.

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>

namespace highwater::auth {

using instant = std::chrono::steady_clock::time_point;

class recent_failures {
public:
  struct record {
    std::string name;
    unsigned count;
    instant last;                          // when it failed last
    instant quiet_until = instant::min();  // its owner's
  };

  // `most_names` at least 1; a count stays at `most_count`.
  recent_failures(std::size_t most_names, unsigned most_count, std::chrono::milliseconds forgotten_after)
      : most_names_{most_names}, most_count_{most_count}, forgotten_after_{forgotten_after} {}
  recent_failures(const recent_failures&) = delete;
  recent_failures& operator=(const recent_failures&) = delete;

  // One more; the record is there until the next is added.
  record& add(std::string_view name, instant now);
  // One less.
  void take_back(std::string_view name, instant now);
  // None if it has not failed lately.
  record* find(std::string_view name, instant now) noexcept;

  std::size_t size() const noexcept { return records_.size(); }

private:
  using place = std::list<record>::iterator;

  bool is_old(const record& known, instant now) const noexcept { return now - known.last >= forgotten_after_; }
  record& begin(std::string_view name, instant now);
  void forget(place which);

  std::size_t most_names_;
  unsigned most_count_;
  std::chrono::milliseconds forgotten_after_;
  std::list<record> records_;                                  // who failed last comes first
  boost::unordered_flat_map<std::string_view, place> places_;  // the names are those of the records
};

}  // namespace highwater::auth
