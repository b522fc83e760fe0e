// From the verdicts on statements to the verdict on their text.

#include <algorithm>

#include "routing/sql/piece.hpp"

namespace highwater::sql {
namespace {

using role = piece::role;

void write(statement& into, write_reason reason, std::string_view detail) {
  into.kind = statement_kind::write;
  into.reason = reason;
  into.detail = detail;
}

void copy_transaction(const piece& only, statement& into) {
  into.read_only = only.read_only;
  into.serializable = only.serializable;
}

void combine_one(const piece& only, statement& into) {
  switch (only.what) {
    case role::read:
      into.kind = statement_kind::read;
      return;
    case role::neutral:
      into.kind = statement_kind::neutral;
      return;
    case role::begin:
      copy_transaction(only, into);
      into.kind = only.read_only.value_or(false) && !only.serializable ? statement_kind::begin_read_only
                                                                       : statement_kind::begin;
      return;
    case role::set_transaction:
      copy_transaction(only, into);
      into.kind = statement_kind::set_transaction;
      return;
    case role::end:
      if (only.chains) return write(into, write_reason::transaction, "AND CHAIN");
      into.kind = statement_kind::commit;
      return;
    case role::internal:
      into.kind = statement_kind::internal;
      return;
    case role::other:
      return write(into, only.reason, only.detail);
  }
}

// Several statements: they are a read if each is one, in whole transaction blocks or none.
class sequence {
public:
  void add(const piece& next) {
    switch (next.what) {
      case role::read:
        fresh_ = false;
        break;
      case role::neutral:
        fresh_ = false;
        alone_ |= !open_;
        break;
      case role::begin:
        begin(next);
        break;
      case role::set_transaction:
        set(next);
        break;
      case role::end:
        end(next);
        break;
      case role::internal:
        misplaced_ = true;
        refuse(write_reason::utility, "highwater");
        break;
      case role::other:
        refuse(next.reason, next.detail);
        break;
    }
    first_ = false;
  }

  void finish(statement& into) {
    into.misplaced_internal |= misplaced_;
    if (open_ && !(whole_ && read_only_.value_or(false))) refuse(write_reason::transaction, "BEGIN");
    // What is set outside of the blocks is for whatever comes behind them too.
    if (alone_ && blocks_) refuse(write_reason::transaction, "BEGIN");
    if (reason_ != write_reason::none) return write(into, reason_, detail_);
    into.kind = open_ ? statement_kind::begin_read_only : alone_ ? statement_kind::neutral : statement_kind::read;
    if (open_) into.read_only = true;
  }

private:
  void refuse(write_reason why, std::string_view what) {
    if (reason_ != write_reason::none) return;
    reason_ = why;
    detail_ = what;
  }
  void begin(const piece& next) {
    if (open_) refuse(write_reason::transaction, "BEGIN");
    open_ = fresh_ = blocks_ = true;
    whole_ = first_;
    read_only_.reset();
    characterise(next);
  }
  void set(const piece& next) {
    if (!open_ || !fresh_) refuse(write_reason::transaction, "SET TRANSACTION");
    characterise(next);
  }
  void characterise(const piece& next) {
    if (next.serializable) refuse(write_reason::serializable, {});
    if (!next.read_only.value_or(true)) refuse(write_reason::transaction, "READ WRITE");
    if (next.read_only) read_only_ = next.read_only;
  }
  void end(const piece& next) {
    if (!open_ || next.chains) refuse(write_reason::transaction, "COMMIT");
    open_ = next.chains;
    whole_ = false;
  }

  write_reason reason_ = write_reason::none;
  std::string detail_;
  std::optional<bool> read_only_;  // of the open block
  bool open_ = false;
  bool fresh_ = false;  // the open block has run nothing yet
  bool whole_ = false;  // the open block began the text
  bool first_ = true;
  bool blocks_ = false;     // there are some
  bool alone_ = false;      // a neutral statement stands outside of them
  bool misplaced_ = false;  // an internal statement
};

void combine_several(const std::vector<piece>& pieces, statement& into) {
  into.internal.reset();
  sequence all;
  for (const auto& each : pieces) all.add(each);
  all.finish(into);
}

}  // namespace

void combine(const std::vector<piece>& pieces, statement& into) {
  into.statement_count = static_cast<std::uint32_t>(pieces.size());
  const auto any = [&](auto which) { return std::any_of(pieces.begin(), pieces.end(), which); };
  into.chains = any([](const piece& one) { return one.chains; });
  into.ends_transaction = any([](const piece& one) { return one.what == role::end; });
  into.writes = any([](const piece& one) { return one.writes && (one.what == role::read || one.what == role::other); });
  into.prepares_read &= pieces.size() == 1;
  if (pieces.empty()) {
    into.kind = statement_kind::empty;
    return;
  }
  pieces.size() == 1 ? combine_one(pieces.front(), into) : combine_several(pieces, into);
  if (!into.misplaced_internal) return;
  into.literal_free = false;
  if (into.kind != statement_kind::write) write(into, write_reason::utility, "highwater");
}

}  // namespace highwater::sql
