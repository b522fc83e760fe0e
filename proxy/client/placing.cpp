#include "proxy/client/placing.hpp"

#include <utility>

#include "routing/placement.hpp"

namespace highwater::proxy {

using sql::statement_kind;

bool placing::as_read() const {
  routing::session_traits traits;
  traits.stays_on_primary = terms_.stays_on_primary;
  traits.serializable = client_.says.serializable;
  traits.read_only_by_default = client_.says.read_only;
  if (client_.transaction.deferred()) traits.begun = client_.transaction.reads_only();
  return routing::belongs_with_reads(facts_.kind, facts_.first(), traits);
}

bool placing::begins_as_read() const {
  return facts_.kind == statement_kind::begin_read_only || (facts_.kind == statement_kind::begin && as_read());
}

routing::requirement placing::required() const {
  const auto& policies = terms_.policies;
  if (client_.transaction.deferred() || begins_as_read()) return policies.for_transaction(asked_for_transaction());
  const auto asked = client_.transaction.level.get();
  if (facts_.statements.empty()) return policies.for_statement({}, asked);
  routing::requirement need;
  bool first = true;
  for (const auto& [statement, hint] : facts_.statements) {
    const auto one = policies.for_statement(*statement, hint ? hint : asked);
    need = std::exchange(first, false) ? one : routing::join(need, one);
  }
  return need;
}

// A comment in BEGIN speaks for the transaction; one in a statement of it may only ask for more.
std::optional<config::level> placing::asked_for_transaction() const {
  auto asked = client_.transaction.hint() ? client_.transaction.hint() : client_.transaction.level.get();
  for (const auto& [statement, hint] : facts_.statements) {
    if (!hint) continue;
    const bool begins = statement->kind == statement_kind::begin || statement->kind == statement_kind::begin_read_only;
    asked = begins ? hint : routing::join(asked.value_or(terms_.default_level), *hint);
  }
  return asked;
}

}  // namespace highwater::proxy
