#include "routing/sql/findings.hpp"

#include <algorithm>

#include "routing/sql/catalog.hpp"

namespace highwater::sql {
namespace {

void add_facts(findings& found, const relation_facts& facts) {
  // The tables that a statement writes to are not told apart from those that it reads besides.
  if (found.modifies) found.leave_state(facts.writing_leaves);
  if (!facts.replicated) found.refuse(write_reason::not_replicated, printed(facts.schema, facts.name));
  for (const auto& each : facts.relatives) add_relation(found.relations, each.schema, each.name);
  if (!facts.derived) return;
  if (facts.derived->reason != write_reason::none) found.refuse(facts.derived->reason, facts.derived->detail);
  found.hidden_relations |= facts.derived->hidden_relations;
  found.names.add(facts.derived->names);
  found.takes_lock |= facts.derived->takes_lock;
  found.leave(facts.derived->leaves);
  found.pin_to(facts.derived->pin);
  for (const auto& base : facts.derived->relations) add_relation(found.relations, base.schema, base.name);
}

}  // namespace

void add_relation(std::vector<relation>& relations, std::string_view schema, std::string_view name) {
  const auto same = [&](const relation& known) { return known.schema == schema && known.name == name; };
  if (std::none_of(relations.begin(), relations.end(), same))
    relations.push_back({std::string(schema), std::string(name)});
}

std::string printed(std::string_view schema, std::string_view name) {
  std::string text(schema);
  if (!text.empty()) text += '.';
  return text += name;
}

void resolve_relations(findings& found, const catalog* cat) {
  const auto direct = found.relations;
  for (const auto& [schema, name] : direct) {
    if (schema == "pg_temp" || schema.starts_with("pg_temp_")) {
      found.refuse(write_reason::not_replicated, printed(schema, name));
      continue;
    }
    const auto add = [&](const relation_facts& facts) { add_facts(found, facts); };
    if (!cat || cat->visit_relations(schema, name, add) == 0) {
      found.meet_unknown(printed(schema, name));
    }
  }
}

}  // namespace highwater::sql
