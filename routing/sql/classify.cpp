#include "routing/sql/classify.hpp"

#include "routing/sql/ddl_names.hpp"
#include "routing/sql/ddl_text.hpp"
#include "routing/sql/internal_text.hpp"
#include "routing/sql/misplaced_setting.hpp"
#include "routing/sql/parse_tree.hpp"
#include "routing/sql/piece.hpp"
#include "routing/sql/shape_key.hpp"

namespace highwater::sql {
namespace {

constexpr std::size_t max_unsure_bytes = parse_tree::max_tokens;

statement unexamined(write_reason reason, std::string_view sql) {
  statement result;
  result.changes_schema = may_be_ddl(sql);
  if (result.changes_schema) result.touches = touched_by_text(sql);
  result.reason = reason;
  result.hidden_relations = true;
  result.literal_free = false;
  return result;
}

// The parser's recursion is bounded by the number of tokens only. A text that the lexer was not sure of has fewer
// tokens than bytes.
bool is_examined(std::string_view sql, const shape& form) {
  return form.tokens <= parse_tree::max_tokens && (form.ok || sql.size() <= max_unsure_bytes);
}

statement unparsed(std::string_view sql) {
  auto command = parse_internal_text(sql);
  if (!command) return unexamined(write_reason::parse_failed, sql);
  statement result;
  result.kind = statement_kind::internal;
  result.internal = std::move(command);
  result.writes = false;
  result.statement_count = 1;
  result.literal_free = false;
  return result;
}

}  // namespace

statement classify(std::string_view sql, const catalog* cat) {
  if (sql.size() > max_examined_bytes) return unexamined(write_reason::too_long, sql);
  std::string key;
  return classify(sql, make_shape_key(sql, key), cat);
}

statement classify(std::string_view sql, const shape& form, const catalog* cat) {
  if (sql.size() > max_examined_bytes) return unexamined(write_reason::too_long, sql);
  if (sql.find('\0') != std::string_view::npos) return unexamined(write_reason::parse_failed, sql);
  if (!is_examined(sql, form)) return unexamined(write_reason::too_long, sql);
  const auto tree = parse_tree::parse(std::string(sql));
  if (!tree) return unparsed(sql);

  statement result;
  std::vector<piece> pieces;
  for (const auto& raw : tree->statements()) {
    const auto& fields = raw.get_object();
    const auto offset = static_cast<std::size_t>(number_of(fields, "stmt_location"));
    const auto node = node_of(fields, "stmt");
    pieces.push_back(classify_statement({node, sql, offset, cat}, result));
    result.misplaced_internal |= node.fields && names_internal_setting(*node.fields);
  }
  combine(pieces, result);
  return result;
}

}  // namespace highwater::sql
