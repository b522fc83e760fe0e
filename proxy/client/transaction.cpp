#include "proxy/client/transaction.hpp"

#include <cctype>
#include <utility>

namespace highwater::proxy {

using sql::statement_kind;
using wire::transaction_status;

namespace {

// What is kept of a transaction that has not begun on any server: statements, not the comments that come with them.
constexpr std::size_t longest_deferred = 4U << 10U;

// The first one of the text, in lower case; 0 if it begins with something else.
char first_letter(std::string_view sql) {
  const auto first = sql.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return 0;
  return static_cast<char>(std::tolower(static_cast<unsigned char>(sql[first])));
}

// "BEGIN" and "START TRANSACTION" are answered with their own tags. None if the text does not begin with either.
std::string_view begin_tag(std::string_view sql) {
  const auto letter = first_letter(sql);
  return letter == 'b' ? "BEGIN" : letter == 's' ? "START TRANSACTION" : "";
}

// COMMIT and END, ROLLBACK and ABORT.
std::string_view end_tag(std::string_view sql) {
  const auto letter = first_letter(sql);
  return letter == 'c' || letter == 'e' ? "COMMIT" : letter == 'r' || letter == 'a' ? "ROLLBACK" : "";
}

}  // namespace

std::optional<transaction_status> transaction::status() const noexcept {
  if (failed_) return transaction_status::failed;
  if (deferred()) return transaction_status::in_transaction;
  return std::nullopt;
}

std::optional<std::string_view> transaction::answer(const query& what) {
  if (what.statement.statement_count != 1) return std::nullopt;
  if (!deferred()) return begin(what) ? std::optional(begin_tag(what.sql)) : std::nullopt;
  if (what.statement.kind == statement_kind::commit) return end(what);
  // What else a client may say in a failed transaction, a server answers: see send().
  if (!failed_ && amend(what)) return "SET";
  return std::nullopt;
}

bool transaction::begin(const query& what) {
  const auto& said = what.statement;
  const bool begins = said.kind == statement_kind::begin || said.kind == statement_kind::begin_read_only;
  if (!begins || said.serializable || !what.may_begin) return false;
  if (begin_tag(what.sql).empty() || what.sql.size() > longest_deferred) return false;
  read_only_ = said.read_only.value_or(what.read_only_by_default);
  read_write_ = said.read_only == false;
  hint_ = what.hint;
  begin_ = what.sql;
  return true;
}

// SET TRANSACTION before the transaction's first statement still decides where it runs.
bool transaction::amend(const query& what) {
  const auto& said = what.statement;
  if (said.kind != statement_kind::set_transaction || said.serializable) return false;
  if (begin_.size() + what.sql.size() > longest_deferred) return false;
  // A replica would refuse a BEGIN that says READ WRITE, whatever follows.
  if (!read_write_) read_only_ = said.read_only.value_or(read_only_);
  read_write_ |= said.read_only == false;
  begin_ += "\n;";  // behind a comment that ends with its line
  begin_ += what.sql;
  return true;
}

// Nothing of it has reached a server, so none is needed to end it.
std::optional<std::string_view> transaction::end(const query& what) {
  const auto tag = failed_ ? std::string_view("ROLLBACK") : end_tag(what.sql);
  if (tag.empty()) return std::nullopt;
  forget();
  level.transaction_over(tag == "ROLLBACK");
  return tag;
}

transaction::opening transaction::send() {
  // One that has failed here fails there: with the server in the same state it says all the rest itself.
  opening first{failed_ ? "BEGIN" : std::move(begin_), failed_, read_only_ && !failed_};
  forget();
  return first;
}

void transaction::forget() noexcept {
  begin_.clear();
  hint_.reset();
  read_write_ = false;
  failed_ = false;
}

}  // namespace highwater::proxy
