#include "routing/sql/ddl_names.hpp"

#include <algorithm>

#include "routing/sql/ddl_text.hpp"
#include "routing/sql/sql_chars.hpp"

namespace highwater::sql {
namespace {

// More words than that are as good as all.
constexpr std::size_t most_names = 4096;

// What they change stands in none of their names, or means every name in a schema.
bool changes_more_than_it_names(std::string_view type, const json::object& fields) {
  constexpr std::string_view always[] = {"AlterExtensionStmt", "AlterExtensionContentsStmt", "CreateExtensionStmt",
                                         "DropOwnedStmt", "ImportForeignSchemaStmt"};
  if (std::ranges::find(always, type) != std::end(always)) return true;
  const auto kind = text_of(fields, type == "DropStmt" ? "removeType" : "renameType");
  return kind == "OBJECT_SCHEMA" || kind == "OBJECT_EXTENSION";
}

void add_strings(const json::value& value, name_set& into) {
  if (const auto* const text = value.if_string()) into.add({text->data(), text->size()});
  if (const auto* const items = value.if_array()) {
    for (const auto& each : *items) add_strings(each, into);
  }
  if (const auto* const fields = value.if_object()) {
    for (const auto& field : *fields) add_strings(field.value(), into);
  }
}

// The first string that is given with AS.
std::string_view code_in(const json::object& fields) {
  for (const auto& each : list_of(fields, "args")) {
    const auto option = as_node(each);
    if (option.fields && text_of(*option.fields, "defname") == "as") {
      const auto* const held = option.fields->if_contains("arg");
      return held ? string_value(*held) : std::string_view{};
    }
  }
  return {};
}

}  // namespace

touched_names touched_by(std::string_view type, const json::object& fields) {
  touched_names found;
  found.everything = changes_more_than_it_names(type, fields);
  for (const auto& field : fields) add_strings(field.value(), found.names);
  return found;
}

touched_names touched_by_code(const json::object& fields) {
  const auto code = code_in(fields);
  if (!may_be_ddl(code)) return {};
  return touched_by_text(code);
}

touched_names touched_by_text(std::string_view sql) {
  touched_names found;
  for (std::size_t at = 0; at < sql.size() && !found.everything;) {
    if (class_of(sql[at]) != char_class::word) {
      ++at;
      continue;
    }
    const auto begin = at;
    while (at < sql.size() && continues_word(sql[at])) ++at;
    const auto word = sql.substr(begin, at - begin);
    found.names.add(word);  // as it stands between quotes
    found.names.add(folded(word));
    found.everything = found.names.size() > most_names;
  }
  return found;
}

bool makes_temporary(const json::object& fields) {
  constexpr std::string_view where[] = {"relation", "view", "rel", "sequence"};
  if (text_of(fields, "relpersistence") == "t") return true;
  if (std::ranges::any_of(where, [&](std::string_view key) {
        const auto* const table = struct_of(fields, key);
        return table && text_of(*table, "relpersistence") == "t";
      })) {
    return true;
  }
  const auto* const into = struct_of(fields, "into");  // CREATE TABLE AS
  return into && makes_temporary(*into);
}

}  // namespace highwater::sql
