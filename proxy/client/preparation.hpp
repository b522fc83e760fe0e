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

    // The connection has the statement now, and the server describes it so.
    void compare(description_ptr as) noexcept {
      there = std::move(as);
      outdated = differ(there, told);
    }
    description_ptr there = nullptr;
    bool outdated = false;  // its rows are not what the client was told
  };

  void clear() noexcept { items_.clear(); }
  bool needed() const noexcept { return !items_.empty(); }

  // What the connection lacks.
  void add(item one);
  bool outdated() const noexcept { return std::ranges::any_of(items_, &item::outdated); }

  std::vector<item>& items() noexcept { return items_; }
  // By the client's name, "" for the unnamed one; null if it is not among them.
  const item* find(std::string_view name) const noexcept {
    const auto is_it = [&](const item& one) { return one.name == name && one.unnamed == name.empty(); };
    const auto found = std::ranges::find_if(items_, is_it);
    return found == items_.end() ? nullptr : &*found;
  }
  std::vector<statement_to_prepare> to_send() const;

private:
  std::vector<item> items_;
};

}  // namespace highwater::proxy
