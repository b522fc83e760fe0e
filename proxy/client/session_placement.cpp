#include <algorithm>
#include <utility>

#include "proxy/client/session.hpp"
#include "routing/placement.hpp"

namespace highwater::proxy {

using sql::statement_kind;

routing::requirement session::required() const {
  const auto& facts = work_->facts;
  if (client_.transaction.deferred() || begins_placed())
    return kind_->policies.for_transaction(asked_for_transaction());
  routing::requirement need;
  bool first = true;
  for (const auto& [statement, hint] : facts.statements) {
    const auto one = kind_->policies.for_statement(*statement, hint ? hint : client_.transaction.level.get());
    need = std::exchange(first, false) ? one : routing::join(need, one);
  }
  return first ? kind_->policies.for_statement({}, client_.transaction.level.get()) : need;
}

// A comment in BEGIN speaks for the transaction; one in a statement of it may only ask for more.
std::optional<config::level> session::asked_for_transaction() const {
  auto asked = client_.transaction.hint() ? client_.transaction.hint() : client_.transaction.level.get();
  for (const auto& [statement, hint] : work_->facts.statements) {
    if (!hint) continue;
    const bool begins = statement->kind == statement_kind::begin || statement->kind == statement_kind::begin_read_only;
    const auto floor = asked.value_or(worker_.shared.settings.consistency.default_level);
    asked = begins ? hint : routing::join(floor, *hint);
  }
  return asked;
}

// Does the batch begin a transaction that is placed with the reads?
bool session::begins_placed() const {
  const auto kind = work_->facts.kind;
  return kind == statement_kind::begin_read_only || (kind == statement_kind::begin && placed_read());
}

// Is the batch to be placed like a read? Else it goes to the primary.
bool session::placed_read() const {
  routing::session_traits traits;
  traits.stays_on_primary = keeps_one_server();
  traits.serializable = client_.says.serializable;
  traits.read_only_by_default = client_.says.read_only;
  if (client_.transaction.deferred()) traits.begun = client_.transaction.reads_only();
  return routing::belongs_with_reads(work_->facts.kind, work_->facts.first(), traits);
}

// What the batch wants nobody to be connected to is made so first. True if there is nothing to wait for.
bool session::vacated() {
  auto& now = *work_;
  sql::login_change wanted;
  for (const auto& one : now.facts.statements) {
    if (now.facts.executes) wanted.add(one.statement->logins);
  }
  // Behind what no Sync has ended it would wait for ever; and the server takes it in no such place.
  if (wanted.vacates.empty() || (leased() && server().is_open())) return true;
  if (now.vacant && now.vacant->databases() == wanted.vacates) return true;
  if (busy()) return false;
  now.vacant = std::make_shared<vacancy>(worker_.shared, wanted.vacates);
  stage_ = stage::vacating;
  now.vacant->close_idle([&loop = worker_.loop, weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    // It ends on its own thread too.
    loop.post([self = std::move(self)] {
      if (self->stage_ != stage::vacating) return;
      self->stage_ = stage::ready;
      self->process();
      self->settle();
    });
  });
  return false;
}

}  // namespace highwater::proxy
