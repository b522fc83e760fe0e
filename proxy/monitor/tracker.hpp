#pragma once

// When to ask one node, as a state machine without I/O: it is told what happened and what others need, and says what to
// do next. At most one question is under way; who needs a younger answer than that one will give waits for the next
// (rule 3).

#include <chrono>
#include <cstdint>

#include "config/config.hpp"
#include "routing/instant.hpp"
#include "routing/position.hpp"

namespace highwater::proxy {

class tracker {
public:
  enum class action : std::uint8_t { none, connect, sample, give_up };

  explicit tracker(const config::monitor& settings) : settings_(settings) {}

  // What is due now. The caller does it and reports back.
  action next(routing::instant now) noexcept;
  // When to call next() again if nothing happens before.
  routing::instant wake_at(routing::instant now) const noexcept;

  void connected() noexcept;  // and identified
  void answered(routing::lsn at) noexcept;
  void failed(routing::instant now) noexcept;  // the connection is gone, or the answer was not usable

  // Somebody needs to know where the node was at `since` or later.
  void need_sample(routing::instant since) noexcept;
  // One more answer is worth its while at `when`.
  void ask_again(routing::instant when) noexcept;
  // Somebody waits, until `deadline`, for the node to reach `floor`.
  void need_position(routing::lsn floor, routing::instant deadline) noexcept;

  // How often to ask while somebody waits for a position, if not as often as may be.
  void set_pace(routing::duration between) noexcept { pace_ = between; }

  bool is_connected() const noexcept { return state_ == state::idle || state_ == state::sampling; }

private:
  enum class state : std::uint8_t { disconnected, connecting, idle, sampling };

  routing::instant due_at(routing::instant now) const noexcept;
  bool awaits_position(routing::instant now) const noexcept;

  const config::monitor& settings_;
  state state_ = state::disconnected;
  routing::instant begun_ = routing::never;  // of connecting, or of the newest question
  routing::instant retry_at_ = routing::never;
  std::chrono::milliseconds backoff_{0};
  routing::instant wanted_since_ = routing::never;
  routing::instant wanted_at_ = routing::instant::max();
  routing::lsn wanted_floor_ = 0;
  routing::instant wanted_until_ = routing::never;
  routing::lsn at_ = 0;
  routing::duration pace_{0};
};

}  // namespace highwater::proxy
