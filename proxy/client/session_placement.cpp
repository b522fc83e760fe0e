#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "proxy/client/session.hpp"
#include "routing/placement.hpp"

namespace highwater::proxy {

using routing::route_reason;
using routing::statement_kind;

// What no server may get to see, and what a replica would forget. None if the batch may be sent.
std::optional<wire::error> session::refusal() const {
  const auto& facts = work_->facts;
  const auto any = [&](const auto& which) {
    return std::any_of(facts.statements.begin(), facts.statements.end(),
                       [&](const auto& one) { return which(*one.what); });
  };
  const bool mixed = facts.kind != statement_kind::internal;
  const auto misplaced = [&](const routing::statement& one) {
    return one.misplaced_internal || (mixed && one.kind == statement_kind::internal);
  };
  if (any(misplaced)) {
    return wire::error{std::string(wire::sqlstate::feature_not_supported),
                       "highwater.* can only be set and shown by a SET, RESET or SHOW that is sent alone", "",
                       "Send it with nothing else in its message and before the next Sync, or set the level when "
                       "connecting: options=-chighwater.level=LEVEL."};
  }
  if (auto why = too_much_prepared(facts.named_bytes)) return why;
  const auto chains = [](const routing::statement& one) { return one.chains; };
  if (facts.executes && lease_ != nullptr && held_.on_replica && any(chains)) {
    // The replica was fresh enough for the transaction that ends, and nothing is known of the next.
    return wire::error{std::string(wire::sqlstate::feature_not_supported),
                       "AND CHAIN cannot follow a read-only transaction that runs on a replica", "",
                       "End the transaction, and begin the next one by itself."};
  }
  const auto ends = [](const flight& one) { return one.ends; };
  if (facts.executes && lease_ != nullptr && held_.on_replica && lease_->is_open() &&
      std::any_of(work_->flights.begin(), work_->flights.end(), ends)) {
    return wire::error{std::string(wire::sqlstate::feature_not_supported),
                       "a read-only transaction that runs on a replica has to be ended by a Sync", "",
                       "Send a Sync behind its COMMIT or ROLLBACK."};
  }
  for (const auto& [what, hint] : facts.statements) {
    if (!hint || what->kind == statement_kind::commit) continue;
    if (auto why = asked_too_late(*hint)) return why;
  }
  const auto pins = [](const routing::statement& one) { return one.pin != routing::pin_reason::none; };
  if (facts.executes && lease_ != nullptr && held_.on_replica && (facts.calls_unknown || any(pins))) {
    return wire::error{std::string(wire::sqlstate::read_only_sql_transaction),
                       "session state cannot be made in a read-only transaction that runs on a replica", "",
                       "Begin the transaction without READ ONLY, and it runs on the primary."};
  }
  const auto takes_lock = [](const routing::statement& one) { return one.takes_lock; };
  if (facts.executes && lease_ != nullptr && held_.on_replica && any(takes_lock)) {
    return wire::error{
        std::string(wire::sqlstate::read_only_sql_transaction),
        "an advisory lock cannot be taken in a read-only transaction that runs on a replica",
        "It would hold on that replica only.",
        "Begin the transaction without READ ONLY, or with /* highwater: level=primary */, and it runs on "
        "the primary."};
  }
  return std::nullopt;
}

std::optional<wire::error> session::too_much_prepared(std::size_t more) const {
  const auto most = worker_.shared.settings.limits.max_prepared_bytes;
  if (more == 0 || (names_ ? names_->bytes() : 0) + more <= most) return std::nullopt;
  return wire::error{std::string(wire::sqlstate::program_limit_exceeded),
                     "the prepared statements of this session take too much memory",
                     "Their texts and names may take " + std::to_string(most) + " bytes.",
                     "Close those that are not used any more (DEALLOCATE), or raise limits.max_prepared_bytes."};
}

// Rule 24. The replica was held against a level when its transaction began; for another one it may be too late.
std::optional<wire::error> session::asked_too_late(config::level level) const {
  if (lease_ == nullptr || !held_.on_replica || !held_.in_read_only) return std::nullopt;
  const auto given = work_->need.level;
  if (!routing::asks_for_more(level, given)) return std::nullopt;
  const auto name = std::string(config::to_string(level));
  return wire::error{
      std::string(wire::sqlstate::active_sql_transaction),
      "level " + name + " must be asked for before any query of a read-only transaction",
      "The transaction runs on a replica that is fresh enough for level " + std::string(config::to_string(given)) + ".",
      "Say /* highwater: level=" + name + " */ in its BEGIN, or set highwater.level before it."};
}

// May the batch be sent behind others that are still being answered?
bool session::can_join() const {
  if (stage_ != stage::ready || held_.copy_in || work_->facts.kind == statement_kind::internal) return false;
  // Which names there will be is not known until the answer is there, for which a Flush has been sent.
  if (held_.ends_names) return false;
  // Behind what no Sync has ended there is nothing to wait for: the answers may come only after this.
  if (lease_->is_open()) return true;
  // Nor is what the session's state will be.
  if (ends_names() || work_->changes.pending() || refusal()) return false;
  // Behind what may end a transaction on a replica, the replica has to be chosen anew.
  const auto stays = [](const flight& one) { return one.reads; };
  if (held_.on_replica && !std::all_of(work_->flights.begin(), work_->flights.end(), stays)) return false;
  // A failure there would make the server skip this too, if it were asked as the client has asked.
  if (!work_->flights.empty() && work_->flights.back().hidden_sync) return false;
  routing::lease_traits lease;
  lease.on_primary = !held_.on_replica;
  lease.bound = bound();
  lease.stale = work_->plan.reason == route_reason::stale;
  return routing::may_follow(work_->facts.kind, required(), work_->need, lease);
}

// Does the batch end names of prepared statements, if it succeeds?
bool session::ends_names() const noexcept {
  const auto& facts = work_->facts;
  return facts.executes && std::any_of(facts.statements.begin(), facts.statements.end(), [](const auto& what) {
           return what.what->deallocates_all || what.what->deallocates.has_value();
         });
}

// What is sent behind the end of all names depends on whether it succeeds, and a statement that names another on what
// there is by the time it is used: what follows is sent when that is known. True if the batch has been cut there.
bool session::cut_where_names_are_decided() {
  auto& now = *work_;
  const auto& facts = now.facts;
  const auto ends_all = [](const auto& one) { return one.what->deallocates_all; };
  const bool ends = std::ranges::any_of(facts.statements, ends_all);
  if (!ends && !facts.names_others) return false;
  const auto& all = now.scanner.messages();
  const auto decides = [&](const auto& one) {
    if (one.type == wire::frontend::execute) return ends;
    return one.type == wire::frontend::parse && facts.names_others && names_another(one);
  };
  const auto uses_names = [](const auto& one) {
    using namespace wire::frontend;
    return one.type == parse || one.type == bind || one.type == describe || one.type == close;
  };
  const auto first = std::ranges::find_if(all, decides);
  if (first == all.end() || std::none_of(std::next(first), all.end(), uses_names)) return false;
  now.scanner.cut_behind(static_cast<std::size_t>(first - all.begin()));
  return now.cut_here = true;
}

// Is it the Parse of a statement, with a name of its own, that runs or ends what has another?
bool session::names_another(const wire::batch_scanner::message& one) {
  const auto body = input_left().substr(one.offset + wire::header_size, one.size - wire::header_size);
  const auto parse = *wire::read_parse(body);
  return !parse.name.empty() && names_others(parse.query);
}

routing::requirement session::required() const {
  const auto& facts = work_->facts;
  if (!deferred_begin_.empty() || begins_placed()) return kind_->policies.for_transaction(asked_for_transaction());
  routing::requirement need;
  bool first = true;
  for (const auto& [what, hint] : facts.statements) {
    const auto one = kind_->policies.for_statement(*what, hint ? hint : level_.get());
    need = std::exchange(first, false) ? one : routing::join(need, one);
  }
  return first ? kind_->policies.for_statement({}, level_.get()) : need;
}

// A comment in BEGIN speaks for the transaction; one in a statement of it may only ask for more.
std::optional<config::level> session::asked_for_transaction() const {
  auto asked = deferred_hint_ ? deferred_hint_ : level_.get();
  for (const auto& [what, hint] : work_->facts.statements) {
    if (!hint) continue;
    const bool begins = what->kind == statement_kind::begin || what->kind == statement_kind::begin_read_only;
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
  traits.serializable = find(*settings_, "default_transaction_isolation") == "serializable";
  traits.read_only_by_default = find(*settings_, "default_transaction_read_only") == "on";
  if (!deferred_begin_.empty()) traits.begun = deferred_read_only_;
  return routing::belongs_with_reads(work_->facts.kind, work_->facts.first(), traits);
}

// What the batch wants nobody to be connected to is made so first. True if there is nothing to wait for.
bool session::vacated() {
  auto& now = *work_;
  routing::login_change wanted;
  for (const auto& one : now.facts.statements) {
    if (now.facts.executes) wanted.add(one.what->logins);
  }
  // Behind what no Sync has ended it would wait for ever; and the server takes it in no such place.
  if (wanted.vacates.empty() || (lease_ != nullptr && lease_->is_open())) return true;
  if (now.vacant && now.vacant->databases() == wanted.vacates) return true;
  if (busy()) return false;
  now.vacant = std::make_shared<vacancy>(worker_.shared, wanted.vacates);
  stage_ = stage::vacating;
  now.vacant->close_idle([&io = worker_.io, weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    // It ends on its own thread too.
    boost::asio::post(io, [self = std::move(self)] {
      if (self->stage_ != stage::vacating) return;
      self->stage_ = stage::ready;
      self->process();
      self->settle();
    });
  });
  return false;
}

}  // namespace highwater::proxy
