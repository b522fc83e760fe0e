#pragma once

// What logins rest on, as one node's catalogue has it, and what has become of that: roles, databases, and what either
// begins a session with. Readable by any role, but for passwords: of those it is known only that some role has changed.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "routing/sql/login_change.hpp"

namespace highwater::proxy {

// Rows of (kind, user, database, state), as text.
extern const char* const login_facts_sql;
// One value, which is another one when any of it may have: cheap, but told up to ten seconds late.
extern const char* const login_counts_sql;

struct login_fact {
  char kind = 0;
  std::string user;
  std::string database;
  std::string state;
};

struct login_news {
  std::vector<sql::login_scope> scopes;  // whose logins are others now
  std::vector<std::string> gone;         // databases that are no more
  bool reloaded = false;                 // the node has read its configuration again

  bool any() const noexcept { return !scopes.empty() || reloaded; }
};

class login_facts {
public:
  // What is different from what was read before; nothing the first time.
  login_news take(std::vector<login_fact> all);
  // The next reading comes over another connection, perhaps from another node.
  void reconnected();

private:
  struct key {
    char kind;
    std::string user, database;
    auto operator<=>(const key&) const = default;  // NOLINT(modernize-use-nullptr): the compiler's own 0
  };
  bool explained(std::uint64_t altered, std::uint64_t counted);

  std::map<key, std::string> known_;
  std::uint64_t seen_changes_ = 0;  // of roles, which the counter has not shown yet
};

}  // namespace highwater::proxy
