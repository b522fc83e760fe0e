#pragma once

// What keeps a session on its server connection, and how to find out that nothing does any more.
//
// That something has been made is taken from what is sent, and that it may be gone from what the server says has been
// done. Whether it is gone only the server knows: there may be another cursor, or another lock. So it is asked, once,
// when the transaction is over, and only where the answer could let the session go.

#include <cstdint>
#include <string>
#include <string_view>

#include "routing/sql/statement.hpp"

namespace highwater::proxy {

class session_pins {
public:
  bool any() const noexcept { return reasons_ != 0; }
  bool has(sql::pin_reason why) const noexcept { return (reasons_ & bit(why)) != 0; }
  bool has_only(sql::pin_reason why) const noexcept { return reasons_ == bit(why); }

  // False if it was known already.
  bool add(sql::pin_reason why) noexcept;
  void clear() noexcept { *this = {}; }

  // Some of what was made for this reason may be gone.
  void may_have_ended(sql::pin_reason why) noexcept { doubted_ |= bit(why) & reasons_; }
  // A statement of the client's has been done.
  void done(std::string_view command_tag) noexcept;
  // The transaction is over, and what was made in it is undone, or may have been made for it alone.
  void transaction_over(bool undone, bool committed) noexcept;

  // A query of one row that tells which of the reasons still stand; empty if there is nothing to be gained from it.
  std::string inquiry() const;
  // From the answer, a DataRow's body; a malformed one changes nothing. Afterwards there is no doubt.
  void answered(std::string_view row) noexcept;

private:
  using bits = std::uint32_t;
  static constexpr bits bit(sql::pin_reason why) noexcept { return bits{1} << static_cast<unsigned>(why); }

  bits reasons_ = 0;
  bits doubted_ = 0;
  bits fresh_ = 0;  // of the transaction that is under way
};

}  // namespace highwater::proxy
