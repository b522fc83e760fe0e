#pragma once

// What servers say at login, as it is said to clients: once the primary has said it for a user, a database and
// settings, nobody who logs in like that needs a server. Shared by all workers, under a lock: whoever logs in has come
// through slower things.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "proxy/server/outdated_logins.hpp"
#include "proxy/server/reported_parameters.hpp"
#include "proxy/server/settings.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::proxy {

using parameters_ptr = std::shared_ptr<const parameter_list>;

class welcomes {
public:
  struct login {
    std::string user;
    std::string database;
    session_settings settings;
    auto operator<=>(const login&) const = default;
  };
  struct said {
    parameters_ptr parameters;
    routing::node_index node = routing::no_node;  // that said it
    routing::instant begun = routing::never;      // ... in a login of then
  };

  void remember(login who, said what);
  // Null if it has to be found out, or again: something about these logins has changed since, or it was said by another
  // node than the primary, whose own configuration may be another one (default_transaction_read_only, for example).
  parameters_ptr find(const login& who, routing::node_index primary, const outdated_logins& changes);

private:
  std::mutex mutex_;
  std::map<login, said> known_;
};

}  // namespace highwater::proxy
