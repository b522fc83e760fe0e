#pragma once

// Groups of what programs are made of. Each can be left out from the command line, so that what is known to fail does
// not hide what is not.

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>

namespace highwater::fuzz {

enum class feature : unsigned {
  unnamed,      // unnamed statements that outlive their exchange, or that are not there
  named,        // statements prepared with Parse, described, closed, met again
  pipeline,     // several commands before one Sync, with errors among them
  portal,       // named portals, row limits, portals that do not exist
  flush,        // Flush between and in place of Sync
  unsynced,     // a Query in the middle of an exchange, an exchange that is left without its Sync
  eager,        // an error that comes before any Sync or Flush was sent
  copy,         // COPY in and out, ended in every way
  late_copy,    // Flush and Sync within COPY, and COPY messages where there is no COPY
  settings,     // SET, SET LOCAL, RESET, RESET ALL, set_config
  inner_reset,  // RESET and RESET ALL within a transaction
  role,         // SET ROLE, and settings that only it may set back
  transaction,  // BEGIN, COMMIT, ROLLBACK, savepoints
  read_only,    // transactions that a replica may serve
  deallocate,   // names that SQL and the protocol share: DEALLOCATE, EXECUTE and PREPARE of what Parse has made
  prepare,      // SQL's PREPARE and EXECUTE
  discard,      // DISCARD ALL within a program
  ddl,          // what changes the result type of something that is prepared
  listen,
  temporary,
  lock,
  hold,
  seed,
  sequence,
  vanish,  // connections that end in the middle of something
  // Not what programs are made of, but what is compared as well:
  status,  // ParameterStatus, message for message
  names,   // the names of prepared statements in errors
};

inline constexpr std::size_t feature_count = static_cast<std::size_t>(feature::names) + 1;

std::string_view to_string(feature which);

class features {
public:
  static features all() { return features(~std::bitset<feature_count>()); }
  features() = default;

  bool has(feature which) const { return on_[static_cast<std::size_t>(which)]; }
  void set(feature which, bool on = true) { on_[static_cast<std::size_t>(which)] = on; }
  std::string text() const;  // their names, separated by commas

private:
  explicit features(std::bitset<feature_count> on) : on_(on) {}
  std::bitset<feature_count> on_;
};

// The features that a list such as "copy,ddl" names; none if one of the names is nobody's.
std::optional<features> features_of(std::string_view names);

}  // namespace highwater::fuzz
