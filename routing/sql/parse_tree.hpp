#pragma once

// PostgreSQL's own parse tree of a text, as libpg_query gives it: JSON, in which a node is an object with one member
// whose name is the node's type ({"ColumnRef": {...}}), while a struct that a field always holds stands without it.

#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace highwater::sql {

namespace json = boost::json;

class parse_tree {
public:
  // Nothing if the parser does not accept the text or the tree is too deep to walk. `sql` must hold no more tokens than
  // max_tokens: the parser's own recursion is bounded by nothing else.
  static std::optional<parse_tree> parse(const std::string& sql);

  const json::array& statements() const;  // of RawStmt structs: stmt, stmt_location, stmt_len

  // A chain of binary operators costs the parser one level, and 128 bytes of stack, for every two tokens.
  static constexpr std::uint32_t max_tokens = 32768;
  static constexpr std::size_t max_depth = 1500;

private:
  parse_tree(std::unique_ptr<json::monotonic_resource> memory, json::value&& root)
      : memory_(std::move(memory)), root_(std::move(root)) {}

  std::unique_ptr<json::monotonic_resource> memory_;
  json::value root_;  // lives in memory_
};

// A node, or nothing (type empty) if the value is not one.
struct tree_node {
  std::string_view type;
  const json::object* fields = nullptr;
};
tree_node as_node(const json::value& value) noexcept;

// Fields of a struct; a default if they are not there, as libpg_query leaves out what is false, zero or null.
std::string_view text_of(const json::object& fields, std::string_view key) noexcept;
bool flag_of(const json::object& fields, std::string_view key) noexcept;
std::int64_t number_of(const json::object& fields, std::string_view key) noexcept;
const json::array& list_of(const json::object& fields, std::string_view key) noexcept;
const json::object* struct_of(const json::object& fields, std::string_view key) noexcept;  // null if not there
tree_node node_of(const json::object& fields, std::string_view key) noexcept;

// The text of a String node; empty for any other.
std::string_view string_value(const json::value& value) noexcept;

// The last two parts of a list of String nodes: [catalog.][schema.]name.
struct qualified_name {
  std::string_view schema, name;
};
qualified_name name_in(const json::array& parts) noexcept;

}  // namespace highwater::sql
