#pragma once

// What is known of a batch before it is sent, out of the verdicts on its statements. Bytes in, facts out: no I/O.

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "config/level.hpp"
#include "proxy/client/prepared_names.hpp"
#include "proxy/monitor/catalog_doubts.hpp"
#include "proxy/wire/batch_scanner.hpp"
#include "routing/sql/statement_cache.hpp"

namespace highwater::proxy {

struct batch_facts {
  struct text {
    sql::statement_ptr statement;
    std::optional<config::level> hint;  // from a comment in it
    friend bool operator==(const text&, const text&) = default;
  };
  sql::statement_kind kind = sql::statement_kind::empty;  // of all its statements together
  boost::container::small_vector<text, 8> statements;
  bool executes = false;           // it runs something, as against only preparing
  bool runs_older_portal = false;  // one that was bound before it
  bool bad_hint = false;           // a comment for Highwater that says nothing it knows
  bool unclear = false;            // the text cannot be trusted to mean what it seems to
  bool calls = false;              // FunctionCall
  bool calls_unknown = false;      // ... of a function that may leave anything behind
  bool parses = false;
  bool parses_unnamed = false;
  bool undecided = false;       // it uses a name of which an answer under way decides whether it exists
  bool names_others = false;    // EXECUTE, DEALLOCATE or PREPARE of what a client may have prepared
  bool resets = false;          // RESET of settings
  bool lone = false;            // it is one message
  bool missed = false;          // a name that the catalogue does not know
  unsigned hits = 0;            // verdicts that were known
  unsigned parsed_texts = 0;    // ... and that were not
  std::size_t named_bytes = 0;  // what the named statements that it prepares would cost to keep
  wire::batch_end end = wire::batch_end::cut;

  const sql::statement* first() const noexcept {
    return statements.empty() ? nullptr : statements.front().statement.get();
  }
  template <class Predicate>
  bool any(const Predicate& which) const {
    for (const auto& one : statements) {
      if (which(*one.statement)) return true;
    }
    return false;
  }

  // Its end may be a commit. What nobody knows may.
  bool may_write() const;
  // Behind it the client has not asked for an end of the exchange.
  bool lacks_sync() const noexcept { return end == wire::batch_end::flush || end == wire::batch_end::cut; }
  // It ends names of prepared statements, if it succeeds.
  bool ends_names() const;
};

// The verdict on a text, looked up or made.
struct verdicts {
  sql::statement_cache& statements;
  const sql::catalog_ptr& catalog;
  sql::statement_ptr operator()(std::string_view sql) const { return statements.find_or_classify(sql, catalog).what; }
};

// What the texts are held against.
struct examination {
  sql::statement_cache& statements;
  const sql::catalog_ptr& catalog;
  const catalog_doubts* doubts = nullptr;  // null: there are none
  const prepared_names* names = nullptr;   // the client's; null: it has prepared nothing
  bool reads_texts = true;                 // settings in force let texts mean what they seem to
  bool knows_bounded = true;               // level `bounded` has a bound
  bool learns_write = false;               // a replica has found that what was taken for a read is none
};

// Facts of the batch in `bytes`, which begin where it does. False if a message is malformed: `malformed` is its type.
bool examine(const wire::batch_scanner& batch, std::string_view bytes, const examination& by, batch_facts& facts,
             char& malformed);

// What is sent behind the end of all names depends on whether it succeeds, and a statement that names another on what
// there is by the time it is used. The message behind which such a batch has to be cut; none if it may go as a whole.
std::optional<std::size_t> cut_where_names_are_decided(const wire::batch_scanner& batch, std::string_view bytes,
                                                       const batch_facts& facts, const examination& by);

// The place in the text where one of the client's names stands, if there is one; else that of any name; or null.
const sql::name_in_text* name_in(const sql::statement& what, const prepared_names* names) noexcept;

}  // namespace highwater::proxy
