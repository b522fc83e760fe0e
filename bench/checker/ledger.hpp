#pragma once

// The pure part of the consistency check: which version of a register a read had to show at least, and whether it did.
//
// A register's value is its version: writers only ever add 1 under the row's lock, so the versions of one register are
// totally ordered and a smaller value is an older state. Every bound kept here was received by a client as part of an
// answer that was complete, so a bound that is taken before a read is sent speaks of the past of that read. That is all
// the soundness of the check: a violation reported is a violation, whatever the network and the scheduler do.

#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace highwater::bench {

using key_index = std::size_t;
using version = std::int64_t;

// Older than any value: a row that was not there, or a register nobody was told of.
inline constexpr version absent = -1;

enum class violation : std::uint8_t {
  own_write,  // older than what this session wrote and was acknowledged
  went_back,  // older than what this session had read
  causal,     // older than what any session of the endpoint had been told when the read was sent
  strong,     // ... or than what was acknowledged to a writer that went round the endpoint
};
inline constexpr std::size_t violation_count = 4;
std::string_view to_string(violation kind) noexcept;

using verdict = std::bitset<violation_count>;

// What the world knew of one register when a read of it was sent.
struct bounds {
  version told = absent;      // through the endpoint: acknowledged writes and completed reads of all sessions
  version anywhere = absent;  // the higher of `told` and what was acknowledged round the endpoint
};

// The highest version of each register that anybody was told of. Shared by all threads.
class ledger {
public:
  explicit ledger(std::size_t registers) : told_(registers), aside_(registers) {}

  // To be called after the answer is complete, never before.
  void tell(key_index key, version seen) noexcept { raise(told_[key].value, seen); }
  void tell_aside(key_index key, version seen) noexcept { raise(aside_[key].value, seen); }

  // To be called before the read is sent, never after.
  bounds before_read(key_index key) const noexcept;

  std::size_t registers() const noexcept { return told_.size(); }

private:
  struct cell {
    std::atomic<version> value{absent};
  };
  static void raise(std::atomic<version>& cell, version seen) noexcept;

  std::vector<cell> told_;
  std::vector<cell> aside_;
};

// What one session wrote and read itself. Belongs to one thread: a session sends its next statement after the answer
// to the last one.
class session_memory {
public:
  explicit session_memory(std::size_t registers) : wrote_(registers, absent), read_(registers, absent) {}

  // Only writes whose acknowledgement arrived: one whose outcome is unknown may not have happened.
  void wrote(key_index key, version acknowledged) noexcept;
  void read(key_index key, version seen) noexcept;

  // A new connection is a new session to the endpoint, which promised the old one nothing beyond its end.
  void forget() noexcept;

  verdict judge(key_index key, version seen, const bounds& before) const noexcept;

  version last_write(key_index key) const noexcept { return wrote_[key]; }
  version last_read(key_index key) const noexcept { return read_[key]; }

private:
  std::vector<version> wrote_;
  std::vector<version> read_;
};

// The violations that break the promise of a level, named as in `SET highwater.level`. Nothing for a level that
// promises nothing checkable here (eventual, bounded).
verdict forbidden_by(std::string_view level) noexcept;
bool is_level(std::string_view name) noexcept;

}  // namespace highwater::bench
