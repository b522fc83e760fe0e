#pragma once

// Whose unnamed statement a connection holds: what the server has said, and what it will be when all that was sent has
// been done. Behind an error the server passes over what was sent, and what it held before is still there.

#include <cstddef>

#include "proxy/server/held_statements.hpp"
#include "proxy/wire/reply_queue.hpp"

namespace highwater::proxy {

// Besides the number of a statement.
inline constexpr statement_id no_unnamed = 0;
inline constexpr statement_id unknown_unnamed = UINT64_MAX;  // somebody's

class unnamed_statement {
public:
  // When all that was sent has been done.
  statement_id get() const noexcept { return coming_; }

  // Of the messages that change it, in their order; others are no matter.
  void sent(const wire::expected_reply& what) noexcept {
    if (!changes(what)) return;
    ++under_way_;
    coming_ = after(what);
  }
  void completed(const wire::expected_reply& what) noexcept {
    if (changes(what)) settle(after(what));
  }
  // The server has passed it over, or it is what `failed`: a Parse has dropped the one before by then, or not.
  void skipped(const wire::expected_reply& what, bool failed) noexcept {
    if (changes(what)) settle(failed ? unknown_unnamed : there_);
  }

private:
  // A Query ends it, whatever becomes of it.
  static constexpr bool changes(const wire::expected_reply& what) noexcept {
    return what.unnamed || what.kind == wire::reply_kind::query;
  }
  static constexpr statement_id after(const wire::expected_reply& what) noexcept {
    return what.kind == wire::reply_kind::parse ? what.statement : no_unnamed;
  }
  void settle(statement_id there) noexcept {
    there_ = there;
    if (--under_way_ == 0) coming_ = there_;
  }

  statement_id there_ = no_unnamed;
  statement_id coming_ = no_unnamed;
  std::size_t under_way_ = 0;
};

}  // namespace highwater::proxy
