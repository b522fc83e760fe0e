#pragma once

// When to read one database's catalogue next, without I/O: it is told what happened, and when.

#include <chrono>

namespace highwater::proxy {

class catalog_schedule {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  // Due at once; after each reading again in `interval`.
  catalog_schedule(duration interval, time_point now) : interval_(interval), due_(now) {}

  time_point due() const noexcept { return due_; }

  void begun(time_point now) noexcept;
  void read(time_point now) noexcept;
  // It was read and is what it was: somebody says "changed" who only may change something (DO, CALL).
  void read_the_same(time_point now) noexcept;
  void failed(time_point now) noexcept;      // 1 s until the next attempt, twice as long each time, 60 s at most
  void no_primary(time_point now) noexcept;  // nobody to ask: says nothing about the database
  void not_yet(time_point now) noexcept;     // whom to ask will be known in a moment

  // While a reading is under way these two ask for another one.
  void changed(time_point now) noexcept;  // something was created, altered or dropped there
  void missed() noexcept;                 // a name is not known

private:
  void no_later_than(time_point when) noexcept;

  duration interval_;
  time_point due_;
  time_point read_at_{};
  bool same_ = false;  // the last reading found nothing new
  duration backoff_{};
};

}  // namespace highwater::proxy
