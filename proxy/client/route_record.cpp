#include "proxy/client/route_record.hpp"

namespace highwater::proxy {

std::string describe(const route_record& last, const routing::cluster_view& view,
                     const std::vector<config::node>& nodes) {
  if (last.node == routing::no_node) return "nothing has been routed yet";
  std::string text = "node=" + nodes[last.node].name;
  text += " role=" + std::string(routing::to_string(view.nodes[last.node].role));
  text += " level=" + std::string(config::to_string(last.level));
  text += " reason=" + std::string(routing::to_string(last.reason));
  if (last.floor != 0) text += " floor=" + routing::to_string(last.floor);
  if (last.node_at != 0) text += " position=" + routing::to_string(last.node_at);
  if (last.statement && last.statement->reason != sql::write_reason::none) {
    text += " because=" + std::string(sql::to_string(last.statement->reason));
    if (!last.statement->detail.empty()) text += " detail=" + last.statement->detail;
  }
  return text;
}

}  // namespace highwater::proxy
