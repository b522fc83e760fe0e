#pragma once

// For how long a client has been at what it does, and which of its `timeouts` that exceeds. It is told of how things
// stand when something may have changed, and needs to be looked at again by next(). No I/O, no clock.

#include <cstdint>

#include "config/config.hpp"
#include "routing/instant.hpp"

namespace highwater::proxy {

class time_limits {
public:
  struct standing {
    bool under_way = false;                   // it waits for an answer
    bool on_server = false;                   // ... of a server, which has what it asks
    bool in_transaction = false;              // it has one open
    std::uint32_t answered = 0;               // batches, by servers, ever
    std::uint32_t transactions = 0;           // ... that have ended one
    routing::instant asked = routing::never;  // the last batch, whoever answers it
  };
  enum class excess : std::uint8_t {
    none,
    query,                // a statement has to be canceled
    deaf,                 // ... has been, and the server does not answer to that
    transaction,          // the client has to be disconnected
    idle_in_transaction,  // ... too
    client_idle,          // ... too
  };

  static bool any(const config::timeouts& limits) noexcept {
    return limits.query.count() != 0 || limits.transaction.count() != 0 || limits.idle_in_transaction.count() != 0 ||
           limits.client_idle.count() != 0;
  }

  void look(const standing& now_is, routing::instant now) noexcept;
  // The statement is being canceled.
  void canceled(routing::instant now) noexcept { canceled_ = now; }

  bool on_server() const noexcept { return is_.on_server; }
  excess exceeded(const config::timeouts& limits, routing::instant now) const noexcept;
  // When that may be another; never: not as long as nothing changes.
  routing::instant next(const config::timeouts& limits) const noexcept;

private:
  struct deadline {
    excess what = excess::none;
    routing::instant at = routing::never;
  };
  deadline first(const config::timeouts& limits) const noexcept;

  standing is_;
  // Since when; never: not so.
  routing::instant query_ = routing::never;
  routing::instant canceled_ = routing::never;
  routing::instant transaction_ = routing::never;
  routing::instant idle_ = routing::never;
};

}  // namespace highwater::proxy
