#pragma once

// Every command is one row here: its word, what follows it, who may run it, and what SHOW HELP says of it.

#include <span>
#include <string_view>

#include "proxy/console/command.hpp"

namespace highwater::console {

// What may follow the word.
enum class arguments : std::uint8_t {
  none,
  a_database,
  maybe_database,
  a_node,
  a_client,     // its number
  a_view,       // or a setting's name
  a_setting,    // SET
  a_mode,       // SHUTDOWN's
  a_statement,  // DEALLOCATE's, or ALL
  a_selection,  // SELECT's
  a_transaction,
  work_or_transaction,
  anything,  // nothing comes of it
};

struct command_row {
  std::string_view word;
  verb what;
  arguments takes;
  access who;
  std::string_view tag;
  std::string_view usage;
  std::string_view help;  // empty: not an operator's, and not shown
};
std::span<const command_row> command_rows() noexcept;

struct view_row {
  view shows;
  std::string_view help;
};
std::span<const view_row> view_rows() noexcept;

// What PgBouncer has and Highwater has not; `SHOW` is in front of what it shows.
struct missing_row {
  std::string_view words;
  std::string_view instead;
};
const missing_row* find_missing(std::string_view words) noexcept;

}  // namespace highwater::console
