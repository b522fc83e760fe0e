#include "routing/plan.hpp"

namespace highwater::routing {

std::string_view to_string(route_reason reason) noexcept {
  switch (reason) {
    case route_reason::write:
      return "write";
    case route_reason::transaction:
      return "transaction";
    case route_reason::pinned:
      return "pinned";
    case route_reason::pipelined:
      return "pipelined";
    case route_reason::level_primary:
      return "level_primary";
    case route_reason::fresh:
      return "fresh";
    case route_reason::sticky:
      return "sticky";
    case route_reason::fallback:
      return "fallback";
    case route_reason::no_replica:
      return "no_replica";
    case route_reason::stale:
      return "stale";
  }
  return "";
}

}  // namespace highwater::routing
