#pragma once

// The way from a batch to a server connection that may serve it: to a node, as the attempt decides; to a connection
// there; to the proof that this connection belongs to the life of the node that was decided about (rule 25); to the
// session's settings. Wherever something turns out to be otherwise than it was decided about, the way begins again. It
// says what is to be done next, and is told what has come of that. No I/O and no clock.

#include <cstdint>
#include <optional>
#include <span>

#include "config/config.hpp"
#include "proxy/client/attempt.hpp"
#include "proxy/server/server_session.hpp"

namespace highwater::proxy {

class approach {
public:
  enum class move : std::uint8_t {
    wait,        // for a new view, or until `until`; and ask the nodes the attempt's questions
    queue,       // for a connection to the planned node, until `until`
    wait_proof,  // for a view with a sample of the connection's node that was sent at `since`; or until `until`
    settle,      // bring the connection to the session's settings
    arrive,      // the connection may serve
    refuse,      // `why`
  };
  // What becomes of the connection that there was, before that.
  enum class fate : std::uint8_t {
    keep,
    give_back,
    clean,          // ... after a DISCARD ALL
    drop,           // its server is dead, or may be
    drop_stranger,  // it leads elsewhere; the attempt's refused() says where
  };
  enum class refusal : std::uint8_t { too_stale, gate_closed, no_node, queue_too_long, not_proved, by_server };
  struct step {
    move next = move::wait;
    fate connection = fate::keep;
    bool decided = false;  // the attempt has a new plan
    refusal why = refusal::by_server;
    routing::instant until = routing::never;
    routing::instant since = routing::never;
  };
  using circumstances = attempt::circumstances;

  // `deciding` outlives it.
  approach(attempt& deciding, std::span<const config::node> nodes) noexcept : attempt_(deciding), nodes_(nodes) {}

  // A batch is there, and where it belongs is known; or what there was on the way has been lost.
  step begin(const circumstances& at) { return decide(at, fate::keep); }
  // A view has come that was waited for, or the time is over.
  step view_changed(const circumstances& at) { return decide(at, fate::keep); }
  step view_changed(server_session& there, const circumstances& at);

  // There is a connection: at once, or after a wait in the queue, when it may not lead any more where the batch
  // belongs.
  step taken(server_session& there, const circumstances& at);
  step offered(server_session& there, const circumstances& at);
  // There is none. The server's own verdict, or nobody has answered.
  step turned_away(const wire::error& why, const circumstances& at);
  static step queued_too_long() noexcept { return refused(refusal::queue_too_long); }

  // Its settings are the session's.
  step settled(const server_session& there, const circumstances& at);
  // ... or could not be restored.
  step unsettled(const server_session& there, const circumstances& at);

private:
  step decide(const circumstances& at, fate connection);
  static step refused(refusal why, fate connection = fate::keep) noexcept;

  attempt& attempt_;
  std::span<const config::node> nodes_;
};

}  // namespace highwater::proxy
