#include "routing/cluster_view.hpp"

namespace highwater::routing {

std::string_view to_string(node_role role) noexcept {
  switch (role) {
    case node_role::primary:
      return "primary";
    case node_role::replica:
      return "replica";
    case node_role::unknown:
      break;
  }
  return "unknown";
}

}  // namespace highwater::routing
