#pragma once

// What a batch must be given, out of what it is and what its session asks for: is it placed like a read, and at which
// level? Policies join, the strictest wins; what a session or a comment asks for goes on top. No I/O, no clock.

#include <optional>

#include "proxy/client/batch_facts.hpp"
#include "proxy/client/client_state.hpp"
#include "routing/policy.hpp"
#include "routing/requirement.hpp"

namespace highwater::proxy {

class placing {
public:
  struct session_terms {
    const routing::session_policies& policies;
    config::level default_level = config::level::session;
    bool stays_on_primary = false;  // it has one server, whatever it sends
  };

  placing(const batch_facts& facts, const client_state& client, const session_terms& terms) noexcept
      : facts_(facts), client_(client), terms_(terms) {}

  // Is it to be placed like a read? Else it goes to the primary.
  bool as_read() const;
  // Does it begin a transaction that is placed with the reads?
  bool begins_as_read() const;
  routing::requirement required() const;

private:
  std::optional<config::level> asked_for_transaction() const;

  const batch_facts& facts_;
  const client_state& client_;
  session_terms terms_;
};

}  // namespace highwater::proxy
