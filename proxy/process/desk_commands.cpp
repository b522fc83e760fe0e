#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <chrono>
#include <map>
#include <utility>

#include "proxy/client/session.hpp"
#include "proxy/console/sqlstate.hpp"
#include "proxy/process/desk.hpp"

namespace highwater::proxy {

namespace {

using clock = std::chrono::steady_clock;

// Long enough not to disturb, short enough not to be noticed.
constexpr std::chrono::milliseconds look_again{50};

wire::error wrong_state(std::string message, std::string hint = {}) {
  return {std::string(console::sqlstate::not_in_prerequisite_state), std::move(message), "", std::move(hint)};
}

wire::error no_such(std::string message, std::string hint) {
  return {std::string(wire::sqlstate::undefined_object), std::move(message), "", std::move(hint)};
}

std::string quoted_name(const std::string& name) {
  return "\"" + name + "\"";
}

routing::node_index node_named(const std::string& name, const routing::cluster_view& view,
                               const std::vector<config::node>& places) {
  for (routing::node_index node = 0; node < view.nodes.size(); ++node) {
    if (!view.nodes[node].retired && places[node].name == name) return node;
  }
  return routing::no_node;
}

wire::error killed() {
  return {std::string(wire::sqlstate::admin_shutdown), "terminating connection due to administrator command",
          "An operator of Highwater has ended it.", ""};
}

}  // namespace

// PAUSE, RESUME, KILL -------------------------------------------------------------------------------------------------

void desk::set_paused(const std::string& database, bool paused) {
  if (database.empty()) {
    said_.all_paused = paused;
    if (!paused) said_.paused.clear();
  } else if (paused) {
    said_.paused.insert(database);
  } else {
    said_.paused.erase(database);
  }
  process_.on_each_worker([database, paused](worker_context& there) {
    database.empty() ? there.pause_all(paused) : there.pause(database, paused);
  });
}

// What becomes idle there from now on is closed, as what is idle already.
void desk::hold(const std::string& database) {
  if (held_.insert(database).second) {
    process_.logins.hold(database);
    process_.catalogs.hold(database);
  }
  close_idle(database);
}

void desk::close_idle(const std::string& database) {
  process_.on_each_worker([database](worker_context& there) { there.vacate(database, {}); });
}

void desk::let_go(const std::string& database) {
  if (held_.erase(database) == 0) return;
  process_.logins.let_go(database);
  process_.catalogs.let_go(database);
}

void desk::pause(const errand_ptr& asked) {
  const auto& database = asked->what.subject;
  if (said_.all_paused || (!database.empty() && said_.paused.contains(database))) {
    return asked->tell(wrong_state(
        database.empty() ? "everything is paused already" : "database " + quoted_name(database) + " is paused already",
        "RESUME ends it."));
  }
  set_paused(database, true);
  survey([this, asked, database](const census& all) {
    if (database.empty()) {
      for (const auto& [name, counted] : all.usage) hold(name);
    } else {
      hold(database);
    }
    await_paused(asked);
  });
}

// Nothing new comes to be in use, and the rest is given back sooner or later; unless RESUME comes first.
void desk::await_paused(const errand_ptr& asked) {
  const auto& database = asked->what.subject;
  const auto ended = [this, database]() -> std::optional<console::outcome> {
    if (said_.all_paused || said_.paused.contains(database)) return std::nullopt;
    return wrong_state("PAUSE was ended by RESUME");
  };
  const auto given_up = [this, database] {
    spdlog::info("PAUSE is given up: nobody waits for it any more");
    unpause(database);
  };
  await_none(asked,
             {[database](const auto& one) { return database.empty() || one.database == database; }, ended, given_up});
}

void desk::unpause(const std::string& database) {
  for (const auto& name : std::set<std::string>(held_)) {
    if (database.empty() || name == database) let_go(name);
  }
  set_paused(database, false);
}

void desk::await_none(const errand_ptr& asked, const wait& what) {
  if (asked->asking.expired()) return what.given_up();
  if (auto how = what.ended()) return asked->tell(std::move(*how));
  survey([this, asked, what](const census& all) {
    if (std::ranges::none_of(all.servers, what.left)) return asked->tell(console::done{});
    auto timer = std::make_shared<boost::asio::steady_timer>(io_, look_again);
    timer->async_wait([this, timer, asked, what](const boost::system::error_code& error) {
      if (!error) await_none(asked, what);
    });
  });
}

// What RECONNECT has made too old.
void desk::wait_close(const errand_ptr& asked) {
  const auto outdated = [in = asked->what.subject](const console::server_facts& one) {
    return one.close_needed && (in.empty() || one.database == in);
  };
  await_none(asked, {outdated, [] { return std::nullopt; }, [] {}});
}

void desk::resume(const errand_ptr& asked) {
  const auto& database = asked->what.subject;
  const bool paused = database.empty() ? said_.all_paused || !said_.paused.empty() : said_.paused.contains(database);
  if (!paused) {
    return asked->tell(
        wrong_state(database.empty() ? "nothing is paused" : "database " + quoted_name(database) + " is not paused",
                    said_.all_paused ? "Everything is: RESUME without a name ends that." : ""));
  }
  unpause(database);
  asked->tell(console::done{});
}

void desk::kill(const errand_ptr& asked) {
  const auto& database = asked->what.subject;
  if (!said_.all_paused && !said_.paused.contains(database)) set_paused(database, true);
  hold(database);
  on_each_worker(
      [database](worker_context& there) {
        there.for_each_session([&](session& one) {
          if (one.database() == database) one.kill(killed());
        });
        there.vacate(database, {});
      },
      [asked] { asked->tell(console::done{}); });
}

void desk::kill_client(const errand_ptr& asked) {
  const auto found = std::make_shared<std::atomic<bool>>(false);
  on_each_worker(
      [found, id = asked->what.client](worker_context& there) {
        there.for_each_session([&](session& one) {
          if (one.id() != id || one.logs_in()) return;
          found->store(true);
          one.kill(killed());
        });
      },
      [found, asked] {
        if (found->load()) return asked->tell(console::done{});
        asked->tell(
            no_such("client " + std::to_string(asked->what.client) + " does not exist", "SHOW CLIENTS has the ids."));
      });
}

// Who may come in, and connections that are too old -------------------------------------------------------------------

void desk::admit(const errand_ptr& asked, bool disabled) {
  const auto& database = asked->what.subject;
  disabled ? void(said_.disabled.insert(database)) : void(said_.disabled.erase(database));
  on_each_worker([database, disabled](worker_context& there) { there.disable(database, disabled); },
                 [asked] { asked->tell(console::done{}); });
}

void desk::reconnect(const errand_ptr& asked) {
  process_.logins.changed_on(routing::no_node, {{}, asked->what.subject}, clock::now());
  asked->tell(console::done{});
}

// Nodes ---------------------------------------------------------------------------------------------------------------

void desk::drain(const errand_ptr& asked, bool drained) {
  const auto& name = asked->what.subject;
  const auto view = process_.board.newest();
  const auto node = node_named(name, *view, process_.cluster.nodes);
  if (node == routing::no_node)
    return asked->tell(no_such("node " + quoted_name(name) + " does not exist", "SHOW NODES has the names."));
  if (drained && view->primary == node) {
    return asked->tell(wrong_state("node " + quoted_name(name) + " is the primary, and writes need it",
                                   "Promote another node first, or PAUSE."));
  }
  drained ? void(said_.drained.insert(name)) : void(said_.drained.erase(name));
  on_each_worker([node, drained](worker_context& there) { there.loads[node].drained = drained; },
                 [this, asked, node, drained] {
                   // Nobody comes back to what is idle there.
                   if (drained) process_.logins.changed_on(node, {}, clock::now());
                   asked->tell(console::done{});
                 });
}

void desk::nodes_changed(const std::vector<config::placed_node>& nodes) {
  boost::asio::post(io_, [this, nodes] {
    std::map<routing::node_index, bool> drained;
    std::set<std::string> still_drained;
    for (const auto& [place, node] : nodes) {
      const bool is_drained = said_.drained.contains(node.name);
      drained.emplace(static_cast<routing::node_index>(place), is_drained);
      if (is_drained) still_drained.insert(node.name);
    }
    said_.drained = std::move(still_drained);
    process_.on_each_worker([drained](worker_context& there) {
      for (const auto& [node, is_drained] : drained) there.loads[node].drained = is_drained;
    });
  });
}

// The process ---------------------------------------------------------------------------------------------------------

// The answer is on its way before anybody is told to go.
void desk::shut_down(const errand_ptr& asked) {
  asked->tell(console::done{});
  control_.shut_down(asked->what.mode);
}

}  // namespace highwater::proxy
