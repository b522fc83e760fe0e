// The half of catalog that finds out, once, what reading each view and each table with row security comes to.

#include <algorithm>

#include "routing/sql/catalog.hpp"
#include "routing/sql/findings.hpp"
#include "routing/sql/shape_key.hpp"
#include "routing/sql/table_tree.hpp"
#include "routing/sql/tree_walk.hpp"

namespace highwater::sql {
namespace {

void examine(const std::string& sql, const catalog& cat, findings& found, std::string& scratch) {
  const auto shape = make_shape_key(sql, scratch);
  const auto tree = shape.ok && shape.tokens <= parse_tree::max_tokens ? parse_tree::parse(sql) : std::nullopt;
  if (!tree || tree->statements().size() != 1) {
    found.hidden_relations = true;
    return found.refuse(write_reason::parse_failed, {});
  }
  tree_walker walker(&cat, found, bare_names::pg_catalog);
  for (const auto& raw : tree->statements()) {
    const auto* const held = raw.get_object().if_contains("stmt");
    if (!held || as_node(*held).type != "SelectStmt") return found.refuse(write_reason::utility, {});
    walker.walk(*held);
  }
}

findings examine(const catalog_relation& row, const catalog& cat, std::string& scratch) {
  findings found;
  if (row.kind == 'v') examine(row.definition, cat, found, scratch);
  for (const auto& policy : row.policies) examine("SELECT " + policy, cat, found, scratch);
  return found;
}

// Follows views through views. Each is visited once; one that is reached again while it is being visited takes part in
// a cycle, which the server would not run either.
class view_resolver {
public:
  view_resolver(const catalog& cat, const std::vector<relation_facts>& facts, std::vector<findings>& found)
      : cat_(cat), first_(facts.data()), found_(found), state_(facts.size(), state::fresh) {}

  void resolve(std::size_t index, int depth) {
    if (state_[index] != state::fresh) return;
    state_[index] = state::open;
    auto& own = found_[index];
    const auto direct = own.relations;
    for (const auto& [schema, name] : direct) {
      const auto add = [&](const relation_facts& facts) { merge(own, index, facts, depth); };
      if (cat_.visit_relations(schema, name, add) == 0) {
        own.meet_unknown(printed(schema, name));
      }
    }
    state_[index] = state::done;
  }

private:
  enum class state : std::uint8_t { fresh, open, done };
  static constexpr int max_depth = 100;

  void merge(findings& own, std::size_t index, const relation_facts& facts, int depth) {
    if (!facts.replicated) own.refuse(write_reason::not_replicated, printed(facts.schema, facts.name));
    const auto other = static_cast<std::size_t>(&facts - first_);
    if (other == index) return;
    if (depth < max_depth) resolve(other, depth + 1);
    if (state_[other] != state::done) return own.meet_unknown(printed(facts.schema, facts.name));
    const auto& theirs = found_[other];
    if (theirs.reason != write_reason::none) own.refuse(theirs.reason, theirs.detail);
    own.hidden_relations |= theirs.hidden_relations;
    own.names.add(theirs.names);
    own.takes_lock |= theirs.takes_lock;
    own.leave(theirs.leaves);
    own.pin_to(theirs.pin);
    for (const auto& base : theirs.relations) add_relation(own.relations, base.schema, base.name);
    for (const auto& other_table : facts.relatives) add_relation(own.relations, other_table.schema, other_table.name);
  }

  const catalog& cat_;
  const relation_facts* const first_;
  std::vector<findings>& found_;
  std::vector<state> state_;
};

// Sequences are written ahead of their use: a replica's last_value is up to 32 calls in the future.
bool is_replicated(const catalog_relation& row) {
  return row.persistence == 'p' && row.kind != 'f' && row.kind != 'S';
}

}  // namespace

void catalog::add_relations(catalog_rows all, std::span<const std::string> policy_tables) {
  auto& rows = all.relations;
  auto relatives = relatives_of(all.inheritance, policy_tables);
  std::map<relation, residue> writing;
  for (auto& each : all.writing) writing.emplace(relation{std::move(each.schema), std::move(each.name)}, each.leaves);
  std::string scratch;
  std::vector<findings> found;
  std::vector<relation_facts> facts;
  found.reserve(rows.size());
  facts.reserve(rows.size());
  for (auto& row : rows) {
    found.push_back(examine(row, *this, scratch));
    // Whoever reads the view does not see which settings it changes.
    if (!found.back().settings.empty()) found.back().pin_to(pin_reason::dynamic_setting);
    if (found.back().sets_locally) found.back().refuse(write_reason::session_function, "set_config");
    const auto writes = writing.find({row.schema, row.name});
    auto related = relatives.extract({row.schema, row.name});
    facts.push_back({std::move(row.schema), std::move(row.name), is_replicated(row), row.kind == 'v',
                     writes == writing.end() ? residue::nothing : writes->second, nullptr,
                     related ? std::move(related.mapped()) : std::vector<relation>{}});
  }
  relations_.assign(std::move(facts));
  auto& placed = relations_.rows();
  view_resolver views(*this, placed, found);
  for (std::size_t i = 0; i < placed.size(); ++i) views.resolve(i, 0);
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (!placed[i].is_view && rows[i].policies.empty()) continue;
    auto& own = found[i];
    placed[i].derived = std::make_unique<const derived_reading>(
        derived_reading{own.reason, std::move(own.detail), own.hidden_relations, own.takes_lock, own.leaves, own.pin,
                        std::move(own.relations), std::move(own.names)});
  }
}

}  // namespace highwater::sql
