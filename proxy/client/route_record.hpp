#pragma once

// Where a session's last statement went, and why: for SHOW highwater.last_route.

#include <string>
#include <vector>

#include "config/config.hpp"
#include "routing/cluster_view.hpp"
#include "routing/plan.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::proxy {

struct route_record {
  routing::node_index node = routing::no_node;  // nothing has been routed yet
  routing::route_reason reason = routing::route_reason::write;
  config::level level = config::level::session;
  routing::lsn floor = 0;    // as in the plan
  routing::lsn node_at = 0;  // ... too
  sql::statement_ptr statement;
};

std::string describe(const route_record& last, const routing::cluster_view& view,
                     const std::vector<config::node>& nodes);

}  // namespace highwater::proxy
