#pragma once

// A suite that asks where statements go: a cluster with tables that the proxy knows from its first moment on, and the
// proxy's own account of its last decision.

#include <gmock/gmock.h>

#include <array>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/served_cluster.hpp"

namespace highwater::testing_support {

// SHOW highwater.last_route, taken apart.
struct route {
  std::string node, role, level, reason, because, text;
};

inline route route_of(pg::connection& session) {
  route found;
  found.text = session.scalar("show highwater.last_route");
  std::istringstream words(found.text);
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) continue;
    const auto name = word.substr(0, equals);
    const auto value = word.substr(equals + 1);
    if (name == "node") found.node = value;
    if (name == "role") found.role = value;
    if (name == "level") found.level = value;
    if (name == "reason") found.reason = value;
    if (name == "because") found.because = value;
  }
  return found;
}

// A value, and who gave it.
struct reading {
  std::string value;
  route by;
};

inline reading read(pg::connection& session, const std::string& sql) {
  auto value = session.scalar(sql);
  return {std::move(value), route_of(session)};
}

class laboratory {
public:
  using adjust = std::function<void(highwater_config&)>;

  laboratory(const cluster_options& options, const std::vector<std::string>& setup, const adjust& configure = {})
      : cluster_(options) {
    for (const auto& sql : setup) cluster_.primary().tell(sql);
    cluster_.await_replay();
    start(configure);
  }

  void start(const adjust& configure = {}) {
    highwater_config config(cluster_);
    if (configure) configure(config);
    proxy_ = std::make_unique<highwater_process>(config);
    proxy_->await_ready();
    await_catalogue();
  }

  postgres_cluster& cluster() { return cluster_; }
  highwater_process& proxy() { return *proxy_; }

  pg::connection connect(const std::string& level = {}, const std::string& more = {}) {
    const std::string options = level.empty() ? "" : " options='-c highwater.level=" + level + "'";
    return pg::connection(proxy_->conninfo() + options + " " + more);
  }

  // Every worker classifies with the catalogue that is in force now. Workers take clients in turn.
  void await_catalogue(const std::string& probe = "select count(*) from pg_catalog.pg_class") {
    std::vector<pg::connection> sessions;
    for (int i = 0; i < 4; ++i) sessions.push_back(connect("eventual"));
    for (auto& session : sessions) {
      await("the catalogue is known", [&] {
        session.must(probe);
        return route_of(session).because.empty();
      });
    }
  }

  // Sessions one after the other, until one whose first such read is served by `where`.
  pg::connection session_on(const node& where, const std::string& sql, const std::string& level = {}) {
    const deadline end;
    while (true) {
      auto session = connect(level);
      if (read(session, sql).by.node == where.name()) return session;
      if (end.passed()) throw std::runtime_error("no session reads from node " + where.name());
    }
  }

  // The proxy has seen that `replica` is where the primary is.
  void await_known_fresh(const node& replica) {
    await("the proxy sees node " + replica.name() + " without lag", [&] {
      const labels which{{"node", replica.name()}};
      return proxy_->metric("highwater_node_up", which) == 1 &&
             proxy_->metric("highwater_node_replay_lag_bytes", which) == 0;
    });
  }

  void await_up(const node& which, bool up = true) {
    await("the proxy sees node " + which.name() + (up ? " up" : " down"), [&] {
      return proxy_->metric("highwater_node_up", {{"node", which.name()}}) == (up ? 1 : 0);
    });
  }
  void await_primary(const node& which) {
    await("the proxy takes node " + which.name() + " for the primary", [&] {
      const labels primary{{"node", which.name()}, {"role", "primary"}};
      return proxy_->metric("highwater_node_role", primary) == 1 &&
             proxy_->metric("highwater_node_up", {{"node", which.name()}}) == 1;
    });
  }
  // So many more answers of that node.
  void await_samples(const node& which, int more) {
    const labels of{{"node", which.name()}};
    const double before = proxy_->metric("highwater_position_samples_total", of);
    await("samples of node " + which.name(),
          [&] { return proxy_->metric("highwater_position_samples_total", of) >= before + more; });
  }
  void await_waiting(double count = 1) {
    await("a read waits", [&] { return proxy_->metric("highwater_freshness_waiting") >= count; });
  }

private:
  postgres_cluster cluster_;
  std::unique_ptr<highwater_process> proxy_;
};

// A statement that is under way.
class pending {
public:
  pending(pg::connection& session, const std::string& sql) : session_(session) {
    if (PQsendQuery(session.raw(), sql.c_str()) != 1) throw pg::error("", PQerrorMessage(session.raw()));
  }
  pg::result take() {
    pg::result last(nullptr);
    while (auto one = session_.next()) last = std::move(*one);
    return last;
  }
  bool answered() {
    PQconsumeInput(session_.raw());
    return PQisBusy(session_.raw()) == 0;
  }

private:
  pg::connection& session_;
};

// The primary has been told of a synchronous standby that is not there: until its commits hang. The last of them is
// `probe`'s, and hangs on.
inline void await_hanging_commits(pg::connection& observer, pg::connection& probe) {
  await("commits wait", [&] {
    pending commit(probe, "select pg_logical_emit_message(true, 'test', '')");
    await("it waits or not", [&] {
      return commit.answered() ||
             observer.scalar("select count(*) from pg_stat_activity where wait_event = 'SyncRep'") == "1";
    });
    if (!commit.answered()) return true;
    commit.take();
    return false;
  });
}

// What is known of a metric over a stretch of a test.
class counted {
public:
  counted(const highwater_process& proxy, std::string name, labels which = {})
      : proxy_(proxy), name_(std::move(name)), which_(std::move(which)), before_(proxy.metric(name_, which_)) {}
  double more() const { return proxy_.metric(name_, which_) - before_; }

private:
  const highwater_process& proxy_;
  std::string name_;
  labels which_;
  double before_;
};

}  // namespace highwater::testing_support
