#pragma once

// When a pool may try to make another connection, and what becomes of those who wait for one meanwhile. A connection
// that cannot be made is not tried again at once: a node that does not answer is left alone for 100 ms, one that lets
// the user not in for a second. No I/O, no clock.

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "proxy/server/connect_error.hpp"
#include "routing/instant.hpp"

namespace highwater::proxy {

class connect_backoff {
public:
  static constexpr std::chrono::milliseconds unreachable_for{100};
  static constexpr std::chrono::milliseconds refused_for{1000};

  enum class verdict : std::uint8_t {
    connect,          // now
    wait_for_others,  // those that are there come round; look again at quiet_until()
    refuse,           // whoever waits is told what the server said
  };
  // `open`: how many connections there are, in the process.
  verdict next(routing::instant now, unsigned open) const noexcept {
    if (now >= quiet_until_) return verdict::connect;
    const bool hopeless = refusal_ && (open == 0 || !is_full(*refusal_));
    return hopeless ? verdict::refuse : verdict::wait_for_others;
  }
  // After one that failed, the next has to succeed before there are more.
  bool one_at_a_time() const noexcept { return failing_; }

  // One has been made. True if there was a time when none could be.
  bool connected() noexcept {
    refusal_.reset();
    quiet_until_ = routing::never;
    return std::exchange(failing_, false);
  }
  // One that was begun at `begun` could not be made. What becomes of those who wait.
  verdict failed(const wire::error& why, routing::instant begun, routing::instant now, unsigned open) {
    const bool unreachable = is_unreachable(why);
    failing_ = true;
    refused_ = begun;
    quiet_until_ = now + (unreachable ? unreachable_for : refused_for);
    refusal_ = unreachable ? std::nullopt : std::optional(why);
    return is_full(why) && open != 0 ? verdict::wait_for_others : verdict::refuse;
  }
  // It led to another server than the monitor's.
  void led_elsewhere(routing::instant now) noexcept { quiet_until_ = now + unreachable_for; }
  // What logins rest on changed at `since`: whoever was refused before may be let in now.
  void logins_changed(routing::instant since) noexcept {
    if (!refusal_ || refused_ >= since) return;
    refusal_.reset();
    quiet_until_ = routing::never;
  }

  // What the server said when it last let nobody in, until it lets somebody in.
  const std::optional<wire::error>& refusal() const noexcept { return refusal_; }
  routing::instant quiet_until() const noexcept { return quiet_until_; }

private:
  std::optional<wire::error> refusal_;
  routing::instant refused_ = routing::never;  // when that attempt, the last one that failed, was begun
  routing::instant quiet_until_ = routing::never;
  bool failing_ = false;  // the last attempt failed
};

}  // namespace highwater::proxy
