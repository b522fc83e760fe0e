#pragma once

// What a piece of SQL is, as far as routing needs to know. Made by classify(), remembered by statement_cache, and the
// only thing that later code looks at: nobody reads the SQL again.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/enum_names.hpp"
#include "routing/sql/login_change.hpp"
#include "routing/sql/name_set.hpp"
#include "routing/sql/setting_change.hpp"

namespace highwater::sql {

// The whole text (one Query, or one Parse) taken together.
enum class statement_kind : std::uint8_t {
  read,             // proved: may be served by a replica (rule 14)
  begin,            // BEGIN or START TRANSACTION alone, without READ ONLY
  begin_read_only,  // opens a transaction that may live on a replica; more reads may follow it in the same text
  set_transaction,  // SET TRANSACTION alone
  neutral,   // neither reads nor changes data: SET, SAVEPOINT, a cursor for a read; where its transaction is, it runs
  commit,    // COMMIT, END, ROLLBACK, ABORT alone: ends a transaction (not AND CHAIN, not PREPARED, not TO SAVEPOINT)
  internal,  // about Highwater itself: SHOW, SET, RESET highwater.*, alone
  empty,     // no statement at all: an empty string or only comments
  write,     // everything else: not proved to be a read
};

// Why a text is not a read. Shown in reasons and in metrics.
enum class write_reason : std::uint8_t {
  none,
  modifies_data,      // INSERT, UPDATE, DELETE, MERGE, TRUNCATE, COPY FROM, data-modifying CTE, SELECT INTO
  locks_rows,         // FOR UPDATE and its kin
  volatile_function,  // a function, operator or cast that the catalogue says is volatile
  session_function,   // tied to the backend or its session: currval, advisory locks, set_config, pg_notify, ...
  node_local,         // tells about the node itself: pg_stat_*, pg_is_in_recovery(), pg_settings, ...
  unknown_name,       // a function, operator, cast, type or relation that the catalogue does not know
  not_replicated,     // temporary, unlogged or foreign table
  utility,            // DDL, SET, LISTEN, VACUUM, ...
  transaction,        // transaction control that is not one of the kinds above
  serializable,       // a replica cannot run serializable transactions
  parse_failed,
  too_long,  // longer than is examined
  learned,   // a replica refused it (rule 15)
};
constexpr std::string_view to_string(write_reason value) noexcept {
  switch (value) {
    using enum write_reason;
    case none:
      return "none";
    case modifies_data:
      return "modifies_data";
    case locks_rows:
      return "locks_rows";
    case volatile_function:
      return "volatile_function";
    case session_function:
      return "session_function";
    case node_local:
      return "node_local";
    case unknown_name:
      return "unknown_name";
    case not_replicated:
      return "not_replicated";
    case utility:
      return "utility";
    case transaction:
      return "transaction";
    case serializable:
      return "serializable";
    case parse_failed:
      return "parse_failed";
    case too_long:
      return "too_long";
    case learned:
      return "learned";
  }
  return {};
}

// Why a session cannot leave its server connection any more.
enum class pin_reason : std::uint8_t {
  none,
  temporary_table,
  listen,
  advisory_lock,
  hold_cursor,
  prepared_statement,  // SQL-level PREPARE
  load_library,        // LOAD
  dynamic_setting,     // set_config() whose arguments are not constants
  session_identity,    // SET SESSION AUTHORIZATION
  stateful_function,   // a call of a function, or a trigger, whose body may leave any of these behind
  sequence_value,      // currval() or lastval() outside of the transaction that they are about
  pool_mode,           // the configuration asks for session pooling
};
constexpr std::string_view to_string(pin_reason value) noexcept {
  switch (value) {
    using enum pin_reason;
    case none:
      return "none";
    case temporary_table:
      return "temporary_table";
    case listen:
      return "listen";
    case advisory_lock:
      return "advisory_lock";
    case hold_cursor:
      return "hold_cursor";
    case prepared_statement:
      return "prepared_statement";
    case load_library:
      return "load_library";
    case dynamic_setting:
      return "dynamic_setting";
    case session_identity:
      return "session_identity";
    case stateful_function:
      return "stateful_function";
    case sequence_value:
      return "sequence_value";
    case pool_mode:
      return "pool_mode";
  }
  return {};
}
inline constexpr std::size_t pin_reason_count = count_of<pin_reason>();

// What is left in the server's session behind a statement, besides settings, which are followed.
enum class residue : std::uint8_t {
  nothing,
  discardable,  // DISCARD ALL takes it away
  lasting,      // only the connection's end does: a loaded library, random()'s seed, a connection of dblink's
};

struct relation {
  std::string schema;  // empty: not qualified in the text
  std::string name;
  friend auto operator<=>(const relation&,
                          const relation&) = default;  // NOLINT(modernize-use-nullptr): the compiler's own 0
};

// A statement about Highwater itself.
struct internal_command {
  enum class verb : std::uint8_t { show, set, reset };
  verb action = verb::show;
  bool local = false;  // SET LOCAL
  std::string name;    // without the prefix: "level", "last_route"
  std::string value;   // set only
};

// A place in the text where a prepared statement's name stands, so that it can be replaced by the server's name for it.
struct name_in_text {
  std::string name;          // unquoted, folded
  std::uint32_t offset = 0;  // bytes, into the text
  std::uint32_t length = 0;  // bytes, quotes included
};

struct statement {
  statement_kind kind = statement_kind::write;
  write_reason reason = write_reason::none;  // set when kind is write
  std::string detail;                        // the name that decided, for humans: "nextval", "public.t"; may be empty

  bool writes = true;               // may change data; an end of a transaction does what was done in it
  bool ends_transaction = false;    // the one that is open, or one of its own
  bool takes_lock = false;          // an advisory one, which holds where all others ask for it: on the primary
  std::vector<relation> relations;  // read or written, also through views; without duplicates
  bool hidden_relations = false;    // calls functions that are not built in: it may touch any table
  bool changes_schema = false;      // DDL, or what may hide some: the catalogue may be out of date afterwards
  bool creates_objects = false;     // DDL that makes some: in the first schema of the search path if they name none
  bool misplaced_internal = false;  // names a setting of Highwater's where only a server would see it: refused

  // Session state that it changes.
  setting_changes settings;          // by SET, RESET or a constant set_config(), not LOCAL
  bool local_settings = false;       // some, for its transaction only
  bool changes_reading = false;      // one of them, either way, may change what the texts behind it mean
  bool resets_all_settings = false;  // RESET ALL, DISCARD ALL
  bool discards_all = false;         // DISCARD ALL
  bool deallocates_all = false;      // DEALLOCATE ALL, DISCARD ALL, DISCARD PLANS excluded
  residue leaves = residue::nothing;
  name_set names;                // of all that the verdict rests on
  touched_names touches;         // DDL: what the catalogue may be wrong about afterwards
  login_change logins;           // DDL: which connections are out of date afterwards
  bool reads_sequences = false;  // currval(), lastval(): what this session's connection has got from a sequence
  bool releases_locks = false;   // advisory ones
  pin_reason pin = pin_reason::none;
  bool prepares_read = false;  // PREPARE of a read, alone: a replica can do that, and run it

  // kind begin, begin_read_only, set_transaction: what the text says; none if it does not say.
  std::optional<bool> read_only;
  bool serializable = false;
  bool chains = false;  // ends a transaction AND CHAIN, and so begins another one

  std::optional<name_in_text> deallocates;  // DEALLOCATE name
  std::optional<name_in_text> executes;     // EXECUTE name
  std::optional<name_in_text> prepares;     // PREPARE name AS
  std::optional<internal_command> internal;

  std::uint32_t statement_count = 0;  // how many statements the text holds
  bool literal_free = true;           // false: the verdict depends on literals, so it holds for this very text only
};

using statement_ptr = std::shared_ptr<const statement>;

// What is left of the verdict if a name that it rests on may not mean any more what the catalogue says: what was taken
// for a read is none, and its functions may leave anything behind.
statement_ptr doubted(const statement_ptr& what);

}  // namespace highwater::sql
