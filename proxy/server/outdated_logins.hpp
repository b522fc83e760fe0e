#pragma once

// Which server connections are too old to be lent again, because what a login rests on (its role, its database, what
// either begins a session with) has changed since they were begun. One for the process; all of it from any thread.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "routing/cluster_view.hpp"
#include "routing/instant.hpp"
#include "routing/sql/login_change.hpp"

namespace highwater::proxy {

class outdated_logins {
public:
  // `tell`: there is something new, so what is idle may have to be closed. Called without any lock.
  explicit outdated_logins(std::function<void()> tell = {}) : tell_(std::move(tell)) {}

  // Changed by `when`, on the primary: a login there that began earlier may be of before. Logins to replicas may be
  // as long as they have not replayed it.
  void changed(const std::vector<sql::login_scope>& scopes, routing::instant when);
  // On one node, and known to be so.
  void changed_on(routing::node_index node, const sql::login_scope& scope, routing::instant when);
  // Looks which replicas have replayed by `now` what they had not: logins there are of before until then.
  void look(const routing::cluster_view& view, routing::instant now);

  // Nobody shall stay connected to the database: what becomes idle there is closed.
  void hold(const std::string& database);
  void let_go(const std::string& database);

  // Grows with every news. As long as it does not, these two say the same.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }
  // Logins that began before this moment are out of date; never: none is.
  routing::instant since(routing::node_index node, const std::string& user, const std::string& database) const;
  bool held(const std::string& database) const;

private:
  struct moments {
    routing::instant everywhere = routing::never;
    std::map<routing::node_index, routing::instant> on;
  };
  struct replay {
    sql::login_scope scope;
    routing::instant when;
    std::vector<routing::node_index> done = {};
  };

  void note(const sql::login_scope& scope, routing::node_index node, routing::instant when);
  void await_replay(const std::vector<sql::login_scope>& scopes, routing::instant when);
  void news();

  std::function<void()> tell_;
  std::atomic<std::uint64_t> version_{1};
  mutable std::mutex mutex_;  // of what follows
  std::map<sql::login_scope, moments> scopes_;
  std::vector<replay> replays_;
  std::map<std::string, unsigned> held_;
};

}  // namespace highwater::proxy
