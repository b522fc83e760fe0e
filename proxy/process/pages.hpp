#pragma once

// What the HTTP endpoint shows.

#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "metrics/exposition.hpp"
#include "proxy/process/http_server.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::proxy {

// `nodes`: by their places.
metrics::vocabulary metric_names(const std::vector<config::node>& nodes, const routing::cluster_view& view);
std::vector<metrics::node_status> node_statuses(const routing::cluster_view& view, routing::instant now);

// /readyz: ready when a primary is known.
http_page ready_page(const std::vector<config::node>& nodes, const routing::cluster_view& view);
// ... as soon as new clients are not taken any more.
http_page leaving_page();
http_page not_found_page();

}  // namespace highwater::proxy
