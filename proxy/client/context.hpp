#pragma once

// What the sessions of one worker share, and what they know of the rest of the process.

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "config/allowed.hpp"
#include "config/config.hpp"
#include "config/node_places.hpp"
#include "metrics/worker_probe.hpp"
#include "proxy/auth/access.hpp"
#include "proxy/client/arrival.hpp"
#include "proxy/client/cancel_registry.hpp"
#include "proxy/client/client_counts.hpp"
#include "proxy/client/domain.hpp"
#include "proxy/client/login_guard.hpp"
#include "proxy/client/looked_up_users.hpp"
#include "proxy/client/password_judges.hpp"
#include "proxy/client/prepared.hpp"
#include "proxy/client/told_parameters.hpp"
#include "proxy/client/welcomes.hpp"
#include "proxy/console/database_facts.hpp"
#include "proxy/io/buffer_pool.hpp"
#include "proxy/io/log_throttle.hpp"
#include "proxy/io/published.hpp"
#include "proxy/io/slow_work.hpp"
#include "proxy/io/timer_queue.hpp"
#include "proxy/monitor/catalog_service.hpp"
#include "proxy/monitor/monitor.hpp"
#include "proxy/monitor/secret_service.hpp"
#include "proxy/monitor/view_board.hpp"
#include "proxy/server/encryption.hpp"
#include "proxy/server/pool.hpp"
#include "proxy/server/proven_credentials.hpp"
#include "routing/decide.hpp"
#include "routing/policy.hpp"
#include "routing/sql/statement_cache.hpp"

namespace highwater::proxy {

using config_ptr = std::shared_ptr<const config::config>;

class console_desk;
class operator_session;
class passage;
class relay;
class session;
class worker_context;

// A place in a list of those who wait: it leaves with who is there at the latest.
struct waiting_place : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  explicit waiting_place(passage& whose) : who(whose) {}
  passage& who;
};
using waiting_places = boost::intrusive::list<waiting_place, boost::intrusive::constant_time_size<false>>;

// What all workers share.
struct process_context {
  const config::cluster& cluster;             // its nodes by their places
  const published<config::config>& settings;  // in force; each worker follows
  const published<auth::access>& access;
  const published<class encryption>& encryption;
  proven_credentials& proven;
  class login_guard& login_guard;
  slow_work& slow;           // of clients who log in
  slow_work& server_logins;  // ... and of our own logins, which do not wait for those
  password_judges& judges;
  view_board& board;
  class monitor& monitor;
  catalog_service& catalogs;
  secret_service* secrets;  // null without auth.query
  looked_up_users& looked_up;
  class client_counts& client_counts;
  class domain& domain;
  shared_pools& pools;
  outdated_logins& logins;
  cancel_registry& cancels;
  name_resolver& names;
  class welcomes& welcomes;
  std::atomic<unsigned>& clients;    // that have logged in, or are about to have
  std::atomic<unsigned>& strangers;  // connected, and not known yet
  // On each worker's thread, later.
  std::function<void(const std::function<void(worker_context&)>& what)> on_each_worker;
  std::atomic<std::uint64_t> schema_changes{0};  // statements prepared before the last one may not run any more
  console_desk* desk = nullptr;                  // never, once clients come
};

// One database, as one worker knows it.
struct database_context {
  std::string name;  // on the servers
  sql::catalog_ptr catalog;
  std::shared_ptr<const catalog_doubts> doubts;  // about it
  sql::catalog_ptr missed_in;                    // the one in which a name was not found: asked for a newer one already
  sql::statement_cache statements;
  bool reads_sequences = false;  // somebody has asked for currval() or lastval(): they are kept apart from then on
  console::stat_counters usage;  // by the sessions of this worker
  // What operators have said about it.
  bool paused = false;    // nobody gets a connection to a server
  bool disabled = false;  // nobody new comes in
  waiting_places held;    // who waits for the end of `paused`
};

// Who a client says to be, and where; and what the servers are told.
struct session_names {
  std::string user;
  std::string database;
  std::string application;
  config::server_names on_servers;

  auto operator<=>(const session_names&) const = default;
};

// What sessions with the same names have in common.
struct session_kind {
  session_kind(config_ptr settings, session_names by, database_context& in)
      : names(std::move(by)),
        database(in),
        configured_(std::move(settings)),
        policies_(worked_out()),
        allowed_(config::allowed_to(*configured_, names.user, names.database)) {}

  const routing::session_policies& policies() const noexcept { return policies_; }
  // How much there is for them, and for how long.
  const config::allowed& allowed() const noexcept { return allowed_; }
  void allow(const config::config& settings) { allowed_ = config::allowed_to(settings, names.user, names.database); }
  // Returns the one before, to which what is under way may refer.
  config_ptr adopt(config_ptr settings) {
    auto before = std::exchange(configured_, std::move(settings));
    policies_ = worked_out();
    return before;
  }

  const session_names names;
  database_context& database;                // on the servers
  std::vector<std::shared_ptr<pool>> pools;  // by node, as far as they have been used; null: not used

private:
  routing::session_policies worked_out() const {
    return {configured_->consistency, configured_->policies, {names.user, names.database, names.application}};
  }

  config_ptr configured_;
  routing::session_policies policies_;
  config::allowed allowed_;
};

using session_kind_ptr = std::shared_ptr<session_kind>;

// One worker's own.
class worker_context {
public:
  worker_context(process_context& in, event_loop& loop, std::function<void()> on_new_view);
  ~worker_context();

  // Another configuration is in force. `policies`: also for who has begun under the one before.
  void adopt(config_ptr newer, bool policies);
  // ... of the nodes, before anybody sees one that is new.
  void adopt(const std::vector<config::placed_node>& nodes);

  session_kind_ptr kind(const session_names& names);
  // Once a server has shown that the database exists.
  void use_catalog(database_context& of);
  pool& pool_of(session_kind& kind, routing::node_index node);
  void catalog_changed(const std::string& database, known_catalog catalog);
  // Somebody asks for currval() or lastval() there: from now on, on every worker, whoever writes discards first what
  // others have drawn.
  void keep_sequences_apart(database_context& of);
  // As operators say, for a database that may come to be used here later.
  void pause(const std::string& name, bool paused);
  void pause_all(bool paused);  // ... also those that are not known yet
  void disable(const std::string& name, bool disabled);
  void node_suspect(routing::node_index node);
  template <class What>
  void for_each_pool(const What& what) {
    for (auto& [key, one] : pools_) what(*one);
  }
  template <class What>
  void for_each_database(const What& what) const {
    for (const auto& [name, one] : databases_) what(one);
  }
  // Closes what is idle there. Copies of `latch` are let go of when the servers have closed it too.
  void vacate(const std::string& database, const std::shared_ptr<void>& latch);
  // Lets go of users, databases and applications that nobody uses and of which nothing is left.
  void forget_unused();
  void shrink_scratch();

  const routing::cluster_view& view() { return view_reader.view(); }
  // Random bytes that nobody can guess.
  void draw(std::span<std::uint8_t> random);
  std::string nonce();
  server_credentials credentials_of(const std::string& user) const;
  wire::cancel_secret cancel_secret(std::size_t size);

  process_context& shared;
  config_ptr settings;  // in force; of its cluster, only what may change while running
  event_loop& loop;
  timer_queue timers;
  std::pmr::unsynchronized_pool_resource memory;  // what is made and ended for each query
  buffer_pool buffers;
  std::string scratch;                                       // for reading from servers
  std::string out_scratch;                                   // for putting messages together
  routing::domain_floors told_scratch;                       // for looking at what others were told
  boost::unordered_flat_set<std::string_view> parsed_names;  // for looking through a batch
  metrics::worker_probe probe;
  view_board::subscription view_reader;
  connection_context connections;
  pool_environment pools;
  prepared_registry prepared{&memory};
  settings_interner interner;
  std::vector<routing::node_load> loads;
  std::uint32_t turn = 0;                 // of decisions, so that equally good nodes take turns
  routing::timeline_id restarted_on = 0;  // the timeline of which the log has said that floors begin anew

  log_throttle logins_told;     // of the log lines about failed logins
  log_throttle strangers_told;  // ... about connections that lead to another server

  // Whoever is to hold them: see worker.
  std::function<void(newcomer)> admit;
  std::function<void(arrival&)> arrival_over;
  std::function<void(session&)> session_ended;
  std::function<void(relay&)> relay_over;
  std::function<void(operator_session&)> operator_ended;
  // What each is asked may end it.
  std::function<void(const std::function<void(session&)>& what)> for_each_session;

  // Sessions that wait for news of the nodes, and those of them whose turn is yet to come to look at the newest.
  waiting_places awaiting_view;
  waiting_places yet_to_look;
  std::function<void()> look_soon;  // theirs is the next turn of the loop
  bool anybody_awaits_view() const noexcept { return !awaiting_view.empty() || !yet_to_look.empty(); }
  // Who has not proved yet who it is; the oldest first.
  boost::intrusive::list<arrival, boost::intrusive::constant_time_size<false>> arriving;

private:
  // What statements under way require may refer to them; a few kilobytes for each time that policies were changed.
  std::vector<config_ptr> retired_;
  bool all_paused_ = false;
  std::map<std::string, database_context> databases_;
  std::map<session_names, session_kind_ptr> kinds_;
  std::map<pool_key, std::shared_ptr<pool>> pools_;
};

}  // namespace highwater::proxy
