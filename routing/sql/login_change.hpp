#pragma once

// Which logins a statement makes look different: server connections that were opened before it may show another role,
// other settings or other rights than a login of now would. And which databases it wants nobody to be connected to.

#include <algorithm>
#include <string>
#include <vector>

namespace highwater::sql {

// Empty: any.
struct login_scope {
  std::string user;
  std::string database;
  friend auto operator<=>(const login_scope&,
                          const login_scope&) = default;  // NOLINT(modernize-use-nullptr): the compiler's own 0
};

struct login_change {
  std::vector<login_scope> scopes;   // rather too wide than too narrow
  std::vector<std::string> vacates;  // databases: the server refuses it while somebody else is connected to them

  bool any() const noexcept { return !scopes.empty(); }
  void add(const login_change& more) {
    scopes.insert(scopes.end(), more.scopes.begin(), more.scopes.end());
    for (const auto& each : more.vacates) {
      if (std::ranges::find(vacates, each) == vacates.end()) vacates.push_back(each);
    }
  }
};

}  // namespace highwater::sql
