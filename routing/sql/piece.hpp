#pragma once

// One statement of a text, on the way to the verdict on the whole text.

#include <optional>
#include <string>
#include <string_view>

#include "routing/sql/catalog.hpp"
#include "routing/sql/findings.hpp"
#include "routing/sql/parse_tree.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::sql {

struct piece {
  enum class role : std::uint8_t { read, neutral, begin, set_transaction, end, internal, other };

  role what = role::other;
  write_reason reason = write_reason::none;  // set for `other`
  std::string detail;
  std::optional<bool> read_only;  // begin, set_transaction
  bool serializable = false;      // begin, set_transaction
  bool chains = false;            // end: AND CHAIN, which begins anew
  bool writes = true;             // read, other: may change data
};

struct statement_source {
  tree_node node;
  std::string_view sql;    // the whole text
  std::size_t offset = 0;  // where the statement begins in it
  const catalog* cat = nullptr;
};

// Judges one statement. What it does to the session is added to `into` at once; the verdict is for the caller to
// combine with those of the text's other statements.
piece classify_statement(const statement_source& from, statement& into);

// The statements about settings and the session, the ones about transactions; nothing if it is another one.
std::optional<piece> classify_session_statement(const statement_source& from, statement& into);
std::optional<piece> classify_transaction_statement(const statement_source& from);

// The verdict on the text from the verdicts on its statements, in their order.
void combine(const std::vector<piece>& pieces, statement& into);

// The options of BEGIN and SET TRANSACTION.
void read_transaction_options(const json::array& options, piece& into);

}  // namespace highwater::sql
