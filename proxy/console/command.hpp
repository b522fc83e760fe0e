#pragma once

// What an operator says, as a value. Which commands there are is in command_table.cpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/enum_names.hpp"
#include "proxy/wire/errors.hpp"

namespace highwater::console {

enum class verb : std::uint8_t {
  show,
  pause,
  resume,
  wait_close,
  reload,
  reconnect,
  kill,
  kill_client,
  disable,
  enable,
  drain,
  undrain,
  set,
  shutdown,
  // What drivers say of themselves. The exchange answers it.
  show_setting,
  keep_setting,
  begin,
  end,
  discard,
  deallocate,
  select,
};

// What SHOW shows: one table each.
enum class view : std::uint8_t {
  pools,
  node_pools,
  clients,
  servers,
  databases,
  users,
  stats,
  stats_totals,
  stats_averages,
  totals,
  lists,
  config,
  mem,
  version,
  state,
  nodes,
  policies,
  routes,
  pins,
  help,
};
constexpr std::string_view to_string(view value) noexcept {
  switch (value) {
    using enum view;
    case pools:
      return "POOLS";
    case node_pools:
      return "NODE_POOLS";
    case clients:
      return "CLIENTS";
    case servers:
      return "SERVERS";
    case databases:
      return "DATABASES";
    case users:
      return "USERS";
    case stats:
      return "STATS";
    case stats_totals:
      return "STATS_TOTALS";
    case stats_averages:
      return "STATS_AVERAGES";
    case totals:
      return "TOTALS";
    case lists:
      return "LISTS";
    case config:
      return "CONFIG";
    case mem:
      return "MEM";
    case version:
      return "VERSION";
    case state:
      return "STATE";
    case nodes:
      return "NODES";
    case policies:
      return "POLICIES";
    case routes:
      return "ROUTES";
    case pins:
      return "PINS";
    case help:
      return "HELP";
  }
  return {};
}
inline constexpr std::size_t view_count = count_of<view>();

enum class shutdown_mode : std::uint8_t { immediate, wait_for_servers, wait_for_clients };

struct command {
  verb what = verb::show;
  std::string_view tag = "SHOW";  // CommandComplete's
  view shows = view::help;        // show
  // The database, node, option or prepared statement that it is about, as typed; empty: all, where that may be said.
  std::string subject;
  std::string value;         // set: as typed, without its quotes
  std::uint64_t client = 0;  // kill_client
  shutdown_mode mode = shutdown_mode::immediate;

  friend bool operator==(const command&, const command&) = default;
};

struct parsed_text {
  std::vector<command> commands;   // in their order; none: an empty query
  std::optional<wire::error> why;  // one of them is wrong: none is to be run
};
parsed_text parse(std::string_view text);

enum class access : std::uint8_t { stats, admin };  // stats may look, and change nothing

bool may_run(access who, const command& what) noexcept;

}  // namespace highwater::console
