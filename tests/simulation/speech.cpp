#include "tests/simulation/speech.hpp"

#include <memory>
#include <vector>

namespace highwater::simulation {

using sql::statement_kind;

namespace {

constexpr std::array<std::string_view, deed_count> texts{"SELECT", "UPDATE",   "BEGIN",      "BEGIN READ ONLY",
                                                         "COMMIT", "ROLLBACK", "ROLLBACK TO"};
constexpr std::array kinds{
    statement_kind::read,   statement_kind::write,  statement_kind::begin,  statement_kind::begin_read_only,
    statement_kind::commit, statement_kind::commit, statement_kind::neutral};

sql::statement_ptr verdict_on(deed what, unsigned table) {
  auto one = std::make_shared<sql::statement>();
  one->kind = kinds[static_cast<std::size_t>(what)];
  one->writes = what == deed::write;
  one->ends_transaction = what == deed::commit || what == deed::roll_back;
  one->statement_count = 1;
  if (one->writes) one->reason = sql::write_reason::modifies_data;
  if (what == deed::read || what == deed::write) one->relations = {{"", "t" + std::to_string(table)}};
  if (what == deed::begin_read_only) one->read_only = true;
  return one;
}

proxy::batch_facts facts_of(deed what, unsigned table, std::optional<config::level> hint) {
  proxy::batch_facts facts;
  facts.kind = kinds[static_cast<std::size_t>(what)];
  facts.statements.push_back({verdict_on(what, table), hint});
  facts.executes = facts.lone = true;
  facts.end = wire::batch_end::query;
  return facts;
}

constexpr std::size_t hint_count = config::level_count + 1;

std::size_t place_of(const speech& one) {
  const auto hint = one.hint ? static_cast<std::size_t>(*one.hint) : config::level_count;
  return (static_cast<std::size_t>(one.what) * table_count + one.table) * hint_count + hint;
}

std::vector<proxy::batch_facts> all_facts() {
  std::vector<proxy::batch_facts> all(deed_count * table_count * hint_count);
  for (std::size_t what = 0; what < deed_count; ++what) {
    for (std::uint8_t table = 0; table < table_count; ++table) {
      for (std::size_t hint = 0; hint < hint_count; ++hint) {
        speech one{static_cast<deed>(what), table};
        if (hint < config::level_count) one.hint = static_cast<config::level>(hint);
        all[place_of(one)] = facts_of(one.what, table, one.hint);
      }
    }
  }
  return all;
}

}  // namespace

const proxy::batch_facts& speech::facts() const {
  static const auto all = all_facts();
  return all[place_of(*this)];
}

std::string_view speech::sql() const noexcept {
  return texts[static_cast<std::size_t>(what)];
}

}  // namespace highwater::simulation
