#include "routing/sql/parse_tree.hpp"

#include <pg_query.h>

namespace highwater::sql {
namespace {

class parser_answer {
public:
  explicit parser_answer(const std::string& sql) : result_(pg_query_parse(sql.c_str())) {}
  ~parser_answer() { pg_query_free_parse_result(result_); }
  parser_answer(const parser_answer&) = delete;
  parser_answer& operator=(const parser_answer&) = delete;

  bool failed() const { return result_.error || !result_.parse_tree; }
  std::string_view tree() const { return result_.parse_tree; }

private:
  PgQueryParseResult result_;
};

const json::array no_items;

}  // namespace

std::optional<parse_tree> parse_tree::parse(const std::string& sql) {
  const parser_answer answer(sql);
  if (answer.failed()) return std::nullopt;
  auto memory = std::make_unique<json::monotonic_resource>();
  json::parse_options options;
  options.max_depth = max_depth;
  options.allow_invalid_utf8 = true;  // clients of other encodings; names are compared byte by byte
  json::error_code error;
  json::value root = json::parse(answer.tree(), error, json::storage_ptr(memory.get()), options);
  if (error || !root.is_object()) return std::nullopt;
  return parse_tree(std::move(memory), std::move(root));
}

const json::array& parse_tree::statements() const {
  return list_of(root_.get_object(), "stmts");
}

tree_node as_node(const json::value& value) noexcept {
  const auto* const object = value.if_object();
  if (!object || object->size() != 1) return {};
  const auto& member = *object->begin();
  const auto* const fields = member.value().if_object();
  if (!fields || member.key().empty() || member.key()[0] < 'A' || member.key()[0] > 'Z') return {};
  return {{member.key().data(), member.key().size()}, fields};
}

std::string_view text_of(const json::object& fields, std::string_view key) noexcept {
  const auto* const value = fields.if_contains(key);
  const auto* const text = value ? value->if_string() : nullptr;
  return text ? std::string_view(text->data(), text->size()) : std::string_view{};
}

bool flag_of(const json::object& fields, std::string_view key) noexcept {
  const auto* const value = fields.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}

std::int64_t number_of(const json::object& fields, std::string_view key) noexcept {
  const auto* const value = fields.if_contains(key);
  return value && value->is_int64() ? value->get_int64() : 0;
}

const json::array& list_of(const json::object& fields, std::string_view key) noexcept {
  const auto* const value = fields.if_contains(key);
  const auto* const list = value ? value->if_array() : nullptr;
  return list ? *list : no_items;
}

const json::object* struct_of(const json::object& fields, std::string_view key) noexcept {
  const auto* const value = fields.if_contains(key);
  return value ? value->if_object() : nullptr;
}

tree_node node_of(const json::object& fields, std::string_view key) noexcept {
  const auto* const value = fields.if_contains(key);
  return value ? as_node(*value) : tree_node{};
}

std::string_view string_value(const json::value& value) noexcept {
  const auto node = as_node(value);
  return node.type == "String" ? text_of(*node.fields, "sval") : std::string_view{};
}

qualified_name name_in(const json::array& parts) noexcept {
  qualified_name found;
  if (!parts.empty()) found.name = string_value(parts.back());
  if (parts.size() > 1) found.schema = string_value(parts[parts.size() - 2]);
  return found;
}

}  // namespace highwater::sql
