#include "proxy/client/batch_facts.hpp"

#include <algorithm>
#include <utility>

#include "proxy/client/login_reset.hpp"
#include "routing/placement.hpp"
#include "routing/sql/known_functions.hpp"

namespace highwater::proxy {

using sql::statement_kind;

namespace {

class examiner {
public:
  examiner(const examination& by, batch_facts& facts) : by_(by), facts_(facts) {}

  bool take(char type, std::string_view body);
  void conclude();

private:
  bool take_query(std::string_view body);
  bool take_parse(std::string_view body);
  bool take_bind(std::string_view body);
  bool take_target(char type, std::string_view body);
  bool take_execute(std::string_view body);
  bool take_function_call(std::string_view body);
  void take_once(std::string_view sql);
  void take_text(std::string_view sql, sql::statement_cache::memo& known);
  void take_prepared(std::string_view name);
  void add(sql::statement_ptr statement, std::optional<config::level> hint);
  bool is_undecided(std::string_view name) const noexcept;

  const examination& by_;
  batch_facts& facts_;
  boost::container::small_vector<std::string_view, 8> portals_;  // that it binds
  const prepared_statement* last_ = nullptr;                     // that it names
};

bool examiner::take(char type, std::string_view body) {
  switch (type) {
    case wire::frontend::query:
      return take_query(body);
    case wire::frontend::parse:
      return take_parse(body);
    case wire::frontend::bind:
      return take_bind(body);
    case wire::frontend::describe:
    case wire::frontend::close:
      return take_target(type, body);
    case wire::frontend::execute:
      return take_execute(body);
    case wire::frontend::function_call:
      return take_function_call(body);
    default:
      return true;
  }
}

bool examiner::take_query(std::string_view body) {
  const auto sql = wire::read_single_string(body);
  if (sql) take_once(*sql);
  facts_.executes = true;
  return sql.has_value();
}

bool examiner::take_parse(std::string_view body) {
  const auto parse = wire::read_parse(body);
  if (!parse) return false;
  facts_.parses = true;
  facts_.parses_unnamed |= parse->name.empty();
  if (!parse->name.empty()) {
    facts_.undecided |= is_undecided(parse->name);
    facts_.named_bytes += prepared_names::cost(parse->name, parse->query.size() + parse->parameter_types.size());
  }
  take_once(parse->query);
  return true;
}

bool examiner::take_bind(std::string_view body) {
  const auto bind = wire::read_bind_names(body);
  if (!bind) return false;
  facts_.executes = true;
  // So many names are told apart; beyond that nothing is proved, and the primary runs it.
  constexpr std::size_t most_portals = 64;
  if (portals_.size() < most_portals && (portals_.empty() || portals_.back() != bind->portal))
    portals_.push_back(bind->portal);
  facts_.undecided |= is_undecided(bind->statement);
  take_prepared(bind->statement);
  return true;
}

bool examiner::take_target(char type, std::string_view body) {
  const auto target = wire::read_target(body);
  if (!target) return false;
  if (target->kind != 'S') return true;
  facts_.undecided |= is_undecided(target->name);
  if (type == wire::frontend::describe) take_prepared(target->name);
  return true;
}

bool examiner::take_execute(std::string_view body) {
  facts_.executes = true;
  const auto execute = wire::read_execute(body);
  if (!execute) return false;
  facts_.runs_older_portal |= std::ranges::find(portals_, execute->portal) == portals_.end();
  return true;
}

bool examiner::take_function_call(std::string_view body) {
  const auto function = wire::read_function_call(body);
  facts_.executes = facts_.calls = true;
  facts_.calls_unknown |= !function || !sql::ends_with_transaction(*function);
  return true;
}

void examiner::take_once(std::string_view sql) {
  sql::statement_cache::memo nothing;
  take_text(sql, nothing);
}

void examiner::take_text(std::string_view sql, sql::statement_cache::memo& known) {
  // The parser takes a while, and others wait meanwhile. What nobody has looked at may mean anything.
  constexpr unsigned most_parsed = 500;
  if (facts_.parsed_texts >= most_parsed) {
    facts_.unclear = true;
    return;
  }
  if (by_.learns_write) by_.statements.learn_write(sql, by_.catalog);
  const auto misses = by_.statements.misses();
  const auto& found = by_.statements.find_or_classify(sql, by_.catalog, known);
  ++(by_.statements.misses() == misses ? facts_.hits : facts_.parsed_texts);
  facts_.missed |= found.what->reason == sql::write_reason::unknown_name;
  const bool in_doubt = by_.doubts != nullptr && by_.doubts->any() && by_.doubts->concern(found.what->names);
  auto hint = found.hint_level;
  // `bounded` without a bound would promise nothing.
  if (found.bad_hint || (hint == config::level::bounded && !by_.knows_bounded)) {
    hint.reset();
    facts_.bad_hint = true;
  }
  add(in_doubt ? sql::doubted(found.what) : found.what, hint);
}

void examiner::add(sql::statement_ptr statement, std::optional<config::level> hint) {
  const bool first = facts_.statements.empty();
  facts_.resets |= resets_some(*statement);
  for (const auto* named : {&statement->executes, &statement->deallocates, &statement->prepares}) {
    facts_.names_others |= named->has_value();
    if (*named) facts_.undecided |= is_undecided((*named)->name);
  }
  batch_facts::text one{std::move(statement), hint};
  // The same ones usually come close together; there may be thousands of others.
  constexpr std::size_t looked_at = 8;
  auto& all = facts_.statements;
  const auto few = static_cast<std::ptrdiff_t>(std::min(looked_at, all.size()));
  if (std::find(all.end() - few, all.end(), one) != all.end()) return;
  facts_.kind = routing::together(first ? std::nullopt : std::optional(facts_.kind), one.statement->kind);
  all.push_back(std::move(one));
}

// Another statement of that name may be met until it is known. One that this batch parses is not asked about.
bool examiner::is_undecided(std::string_view name) const noexcept {
  return by_.names != nullptr && by_.names->is_pending(name) && !(name.empty() && facts_.parses_unnamed);
}

void examiner::take_prepared(std::string_view name) {
  // One that this batch parses has been examined already.
  if (name.empty() && facts_.parses_unnamed) return;
  const auto* known = by_.names != nullptr ? by_.names->find(name) : nullptr;
  // Thousands of rows are usually sent with one statement.
  if (known != nullptr && std::exchange(last_, known->what.get()) != known->what.get())
    take_text(known->what->query, known->what->verdict);
}

void examiner::conclude() {
  // Is one text in it to be read otherwise because of another one?
  const auto changes_reading = [](const sql::statement& one) { return one.changes_reading; };
  const bool rereads = facts_.statements.size() > 1 && facts_.any(changes_reading);
  facts_.unclear |= !facts_.statements.empty() && (!by_.reads_texts || rereads);
  if (facts_.kind == statement_kind::internal) return;
  // A portal without a statement that is known here, or a part of an exchange that no Sync has ended: nothing is
  // proved.
  const bool unknown = facts_.executes && facts_.statements.empty();
  const bool unfinished =
      facts_.end == wire::batch_end::cut || (facts_.executes && facts_.end == wire::batch_end::flush);
  if (unknown || facts_.calls || facts_.runs_older_portal || unfinished || facts_.unclear)
    facts_.kind = statement_kind::write;
}

std::string_view body_of(const wire::batch_scanner::message& one, std::string_view bytes) noexcept {
  return bytes.substr(one.offset + wire::header_size, one.size - wire::header_size);
}

// Is it the Parse of a statement, with a name of its own, that runs or ends what has another?
bool names_another(std::string_view body, const examination& by) {
  const auto parse = *wire::read_parse(body);
  return !parse.name.empty() &&
         name_in(*by.statements.find_or_classify(parse.query, by.catalog).what, by.names) != nullptr;
}

}  // namespace

bool batch_facts::may_write() const {
  if (!executes) return false;
  const bool unknown = statements.empty() || calls || runs_older_portal || unclear;
  return unknown || any([](const sql::statement& one) { return one.writes; });
}

bool batch_facts::ends_names() const {
  return executes && any([](const sql::statement& one) { return one.deallocates_all || one.deallocates.has_value(); });
}

bool examine(const wire::batch_scanner& batch, std::string_view bytes, const examination& by, batch_facts& facts,
             char& malformed) {
  facts = {};
  facts.end = batch.end();
  facts.lone = batch.messages().size() == 1;
  examiner looking(by, facts);
  for (const auto& message : batch.messages()) {
    if (looking.take(message.type, body_of(message, bytes))) continue;
    malformed = message.type;
    return false;
  }
  looking.conclude();
  return true;
}

std::optional<std::size_t> cut_where_names_are_decided(const wire::batch_scanner& batch, std::string_view bytes,
                                                       const batch_facts& facts, const examination& by) {
  const bool ends = facts.any([](const sql::statement& one) { return one.deallocates_all; });
  if (!ends && !facts.names_others) return std::nullopt;
  const auto& all = batch.messages();
  const auto decides = [&](const auto& one) {
    if (one.type == wire::frontend::execute) return ends;
    return one.type == wire::frontend::parse && facts.names_others && names_another(body_of(one, bytes), by);
  };
  const auto uses_names = [](const auto& one) {
    using namespace wire::frontend;
    return one.type == parse || one.type == bind || one.type == describe || one.type == close;
  };
  const auto first = std::ranges::find_if(all, decides);
  if (first == all.end() || std::none_of(std::next(first), all.end(), uses_names)) return std::nullopt;
  return static_cast<std::size_t>(first - all.begin());
}

const sql::name_in_text* name_in(const sql::statement& what, const prepared_names* names) noexcept {
  const sql::name_in_text* any = nullptr;
  for (const auto* each : {&what.prepares, &what.deallocates, &what.executes}) {
    if (!*each) continue;
    if (names != nullptr && names->find((*each)->name) != nullptr) return &**each;
    any = &**each;
  }
  return any;
}

}  // namespace highwater::proxy
