#pragma once

// What a server connection must be given of a client's prepared statements before a batch can be sent on it, and
// whether the client would read their rows rightly then.
//
// A client reads rows by what it was told when it prepared a statement. PostgreSQL refuses to run one whose rows have
// become others (0A000, RevalidateCachedQuery() in plancache.c), but it cannot know what another connection told. So a
// statement that is prepared anew is described anew, with the parameter types of the first time, and compared.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/client/prepared_names.hpp"
#include "proxy/server/server_connection.hpp"

namespace highwater::proxy {

class preparation {
public:
  // Would a client that was told the one misread rows of the other? Not known as long as either is null.
  static bool differ(const description_ptr& there, const description_ptr& told) noexcept;

  struct item {
    prepared_ptr what;
    description_ptr told;  // null: nobody has asked a server yet
    std::string name;      // the client's
    std::string text;      // as the server is to see it
    bool unnamed = false;
    std::size_t at = 0;  // the message that needs it

    // The connection has the statement now, and the server describes it so.
    void compare(description_ptr as) noexcept {
      there = std::move(as);
      outdated = differ(there, told);
    }
    description_ptr there = nullptr;
    bool outdated = false;  // its rows are not what the client was told
    bool prepared = false;  // the server has taken it
    std::string refusal{};  // ... or has not: its ErrorResponse

    bool is_due() const noexcept { return !prepared && refusal.empty(); }
    bool is_refused() const noexcept { return !refusal.empty(); }
    bool fails() const noexcept { return outdated || is_refused(); }
  };

  void clear() noexcept { items_.clear(); }
  bool needed() const noexcept { return !items_.empty(); }

  // What the connection lacks, in the order in which it is needed.
  void add(item one);
  // What is still to be sent: at first all; behind one that the server has refused, those that it has passed over.
  bool is_due() const noexcept { return std::ranges::any_of(items_, &item::is_due); }
  bool fails() const noexcept { return std::ranges::any_of(items_, &item::fails); }
  // What was due has been answered: all of it is there, or up to the first for which `has` says no; that got `refusal`.
  template <class Has>
  void answered(std::string_view refusal, const Has& has) {
    for (auto& one : items_) {
      if (!one.is_due()) continue;
      one.prepared = refusal.empty() || has(one);
      if (one.prepared) continue;
      one.refusal = refusal;
      return;
    }
  }
  // What has been added since there were so many is not needed for now.
  void forget_behind(std::size_t count) {
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(count), items_.end());
  }

  // Nothing is run from this message on.
  void give_up_from(std::size_t at) {
    std::erase_if(items_, [&](const item& one) { return one.is_due() && one.at >= at; });
  }

  std::vector<item>& items() noexcept { return items_; }
  const item* find(const prepared_ptr& what) const noexcept {  // null if it is not among them
    const auto found = std::ranges::find(items_, what, &item::what);
    return found == items_.end() ? nullptr : &*found;
  }
  // Null if there is none.
  const item* first_failing() const noexcept { return first(&item::fails); }
  const item* first_refused() const noexcept { return first(&item::is_refused); }
  std::vector<statement_to_prepare> to_send() const;

private:
  const item* first(bool (item::*which)() const noexcept) const noexcept {
    const auto found = std::ranges::find_if(items_, which);
    return found == items_.end() ? nullptr : &*found;
  }

  std::vector<item> items_;
};

}  // namespace highwater::proxy
