#include "proxy/server/outdated_logins.hpp"

#include <algorithm>

namespace highwater::proxy {

namespace {

// Beyond that it is as good as everybody.
constexpr std::size_t most_scopes = 1000;
constexpr std::size_t most_replays = 200;

}  // namespace

void outdated_logins::changed(const std::vector<sql::login_scope>& scopes, routing::instant when) {
  if (scopes.empty()) return;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& each : scopes) note(each, routing::no_node, when);
    await_replay(scopes, when);
  }
  news();
}

void outdated_logins::changed_on(routing::node_index node, const sql::login_scope& scope, routing::instant when) {
  {
    const std::scoped_lock lock(mutex_);
    note(scope, node, when);
  }
  news();
}

void outdated_logins::await_replay(const std::vector<sql::login_scope>& scopes, routing::instant when) {
  if (replays_.size() + scopes.size() > most_replays) {
    replays_ = {{{}, when}};
    return;
  }
  for (const auto& each : scopes) replays_.push_back({each, when});
}

void outdated_logins::look(const routing::cluster_view& view, routing::instant now) {
  bool found = false;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& each : replays_) {
      for (routing::node_index node = 0; node < view.nodes.size(); ++node) {
        const auto& one = view.nodes[node];
        const bool shows_it = node == view.primary || one.retired || (one.usable && one.current_as_of >= each.when);
        if (!shows_it || std::ranges::find(each.done, node) != each.done.end()) continue;
        each.done.push_back(node);
        if (node == view.primary || one.retired) continue;
        note(each.scope, node, now);
        found = true;
      }
    }
    std::erase_if(replays_, [&](const replay& one) { return one.done.size() >= view.nodes.size(); });
  }
  if (found) news();
}

void outdated_logins::note(const sql::login_scope& scope, routing::node_index node, routing::instant when) {
  if (scopes_.size() >= most_scopes && !scopes_.contains(scope)) {
    auto latest = when;
    for (const auto& [key, known] : scopes_) {
      latest = std::max(latest, known.everywhere);
      for (const auto& [where, moment] : known.on) latest = std::max(latest, moment);
    }
    scopes_.clear();
    scopes_[{}].everywhere = latest;
  }
  auto& known = scopes_[scope];
  auto& moment = node == routing::no_node ? known.everywhere : known.on.try_emplace(node, routing::never).first->second;
  moment = std::max(moment, when);
}

void outdated_logins::hold(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  ++held_[database];
  version_.fetch_add(1, std::memory_order_acq_rel);
}

void outdated_logins::let_go(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  const auto found = held_.find(database);
  if (found != held_.end() && --found->second == 0) held_.erase(found);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

void outdated_logins::news() {
  version_.fetch_add(1, std::memory_order_acq_rel);
  if (tell_) tell_();
}

routing::instant outdated_logins::since(routing::node_index node, const std::string& user,
                                        const std::string& database) const {
  const std::scoped_lock lock(mutex_);
  auto latest = routing::never;
  const sql::login_scope matching[] = {{user, database}, {user, {}}, {{}, database}, {}};
  for (const auto& each : matching) {
    const auto known = scopes_.find(each);
    if (known == scopes_.end()) continue;
    latest = std::max(latest, known->second.everywhere);
    const auto there = known->second.on.find(node);
    if (there != known->second.on.end()) latest = std::max(latest, there->second);
  }
  return latest;
}

bool outdated_logins::held(const std::string& database) const {
  const std::scoped_lock lock(mutex_);
  return held_.contains(database);
}

}  // namespace highwater::proxy
