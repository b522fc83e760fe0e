#include "proxy/console/shows.hpp"

#include "proxy/console/views.hpp"

namespace highwater::console {

namespace {

shown_view find(view what) noexcept {
  switch (what) {
    case view::pools:
      return pools_view();
    case view::node_pools:
      return node_pools_view();
    case view::clients:
      return clients_view();
    case view::servers:
      return servers_view();
    case view::databases:
      return databases_view();
    case view::users:
      return users_view();
    case view::stats:
      return stats_view();
    case view::stats_totals:
      return stats_totals_view();
    case view::stats_averages:
      return stats_averages_view();
    case view::totals:
      return totals_view();
    case view::lists:
      return lists_view();
    case view::config:
      return config_view();
    case view::mem:
      return mem_view();
    case view::version:
      return version_view();
    case view::state:
      return state_view();
    case view::nodes:
      return nodes_view();
    case view::policies:
      return policies_view();
    case view::routes:
      return routes_view();
    case view::pins:
      return pins_view();
    case view::help:
      break;
  }
  return help_view();
}

}  // namespace

std::span<const column> columns_of(view what) noexcept {
  return find(what).columns;
}

table show(view what, const facts& known) {
  const auto found = find(what);
  return {found.columns, found.rows(known)};
}

}  // namespace highwater::console
