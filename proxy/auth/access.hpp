#pragma once

// Who may come in, and how: the auth section of one configuration, ready for use. Only read once it is made, by any
// thread; a login keeps the one that it has begun with.

#include <memory>

#include "proxy/auth/rules.hpp"
#include "proxy/auth/user_table.hpp"

namespace highwater::auth {

struct access {
  user_table users;
  class rules rules;
  bool looks_up = false;  // who is not among the users may be known to the servers: see auth.query
};
using access_ptr = std::shared_ptr<const access>;

}  // namespace highwater::auth
