#include "routing/sql/piece.hpp"

namespace highwater::sql {
namespace {

using role = piece::role;

piece other(std::string_view detail) {
  piece verdict;
  verdict.reason = write_reason::transaction;
  verdict.detail = detail;
  return verdict;
}

// The value of an option: a constant string or integer.
std::string_view option_text(const json::object& option) {
  const auto value = node_of(option, "arg");
  const auto* const held = value.type == "A_Const" ? struct_of(*value.fields, "sval") : nullptr;
  return held ? text_of(*held, "sval") : std::string_view{};
}
bool option_flag(const json::object& option) {
  const auto value = node_of(option, "arg");
  const auto* const held = value.type == "A_Const" ? struct_of(*value.fields, "ival") : nullptr;
  return held && number_of(*held, "ival") != 0;
}

piece transaction(const json::object& fields) {
  const auto kind = text_of(fields, "kind");
  piece verdict;
  if (kind == "TRANS_STMT_BEGIN" || kind == "TRANS_STMT_START") {
    verdict.what = role::begin;
    read_transaction_options(list_of(fields, "options"), verdict);
    return verdict;
  }
  if (kind == "TRANS_STMT_COMMIT" || kind == "TRANS_STMT_ROLLBACK") {
    verdict.what = role::end;
    verdict.chains = flag_of(fields, "chain");
    return verdict;
  }
  if (kind == "TRANS_STMT_SAVEPOINT" || kind == "TRANS_STMT_RELEASE" || kind == "TRANS_STMT_ROLLBACK_TO") {
    verdict.what = role::neutral;
    return verdict;
  }
  return other(kind);
}

}  // namespace

void read_transaction_options(const json::array& options, piece& into) {
  for (const auto& each : options) {
    const auto option = as_node(each);
    if (!option.fields) continue;
    const auto name = text_of(*option.fields, "defname");
    if (name == "transaction_isolation") into.serializable = option_text(*option.fields) == "serializable";
    if (name == "transaction_read_only") into.read_only = option_flag(*option.fields);
  }
}

std::optional<piece> classify_transaction_statement(const statement_source& from) {
  if (from.node.type == "TransactionStmt") return transaction(*from.node.fields);
  if (from.node.type != "VariableSetStmt") return std::nullopt;
  const auto name = text_of(*from.node.fields, "name");
  if (name == "TRANSACTION SNAPSHOT") return other(name);
  if (name != "TRANSACTION") return std::nullopt;
  piece verdict;
  verdict.what = role::set_transaction;
  read_transaction_options(list_of(*from.node.fields, "args"), verdict);
  return verdict;
}

}  // namespace highwater::sql
