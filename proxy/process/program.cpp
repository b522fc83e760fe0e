#include "proxy/process/program.hpp"

#include <malloc.h>
#include <openssl/rand.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "metrics/exposition.hpp"
#include "proxy/client/worker.hpp"
#include "proxy/io/log_text.hpp"
#include "proxy/monitor/login_watch.hpp"
#include "proxy/process/desk.hpp"
#include "proxy/process/http_thread.hpp"
#include "proxy/process/listening.hpp"
#include "proxy/process/pages.hpp"
#include "proxy/process/reloader.hpp"
#include "proxy/process/suitability.hpp"

namespace highwater::proxy {

namespace {

namespace asio = boost::asio;

// For nodes that the configuration comes to have.
constexpr std::size_t spare_places = 64;

auth::digest draw_process_key() {
  auth::digest key;
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) throw std::runtime_error("no random numbers");
  return key;
}

auth::access_ptr make_access(const config::auth& section, const auth::digest& process_key) {
  auto made = auth::user_table::make(section, process_key);
  if (!made) throw std::runtime_error("cannot set up the users: " + made.error().message());
  for (const auto& name : made->unusable()) spdlog::warn("user {} cannot log in: no usable secret", quoted(name));
  return std::make_shared<auth::access>(auth::access{std::move(*made), auth::rules(section), section.query.enabled()});
}

std::vector<std::string> policy_tables(const std::vector<config::policy>& policies) {
  std::vector<std::string> patterns;
  for (const auto& each : policies) patterns.insert(patterns.end(), each.tables.begin(), each.tables.end());
  return patterns;
}

// None of these is a reason to end: not a reader of the log who goes away, and not a signal that means something to
// other servers.
void ignore_signals() {
  for (const int number : {SIGPIPE, SIGUSR1, SIGUSR2}) std::signal(number, SIG_IGN);
}

class program {
public:
  program(const config::config& settings, const std::string& file);
  ~program() { end(); }
  program(const program&) = delete;
  program& operator=(const program&) = delete;
  int run();

private:
  void end() noexcept;
  void await_hangup();
  void apply(const config::reload& plan);
  void change_nodes(const config::node_changes& changes);
  void give_back_memory();
  worker& least_busy();
  http_page page(std::string_view path) const;
  void logins_found(const login_news& news, routing::node_index node, routing::instant when);
  void user_revoked(const auth::revoked_user& who);
  void await_signal();
  void shut_down(console::shutdown_mode how);
  void finish();
  void drained(std::chrono::steady_clock::time_point deadline);

  config::node_places places_;
  published<config::config> configured_;
  asio::io_context io_{1};
  auth::digest process_key_ = draw_process_key();
  published<auth::access> access_;
  published<encryption> encryption_;
  proven_credentials proven_;
  login_guard login_guard_;
  slow_work slow_;
  slow_work server_logins_;
  password_judges judges_;
  view_board board_;
  metrics::monitor_probe monitor_probe_;
  name_resolver names_;
  monitor monitor_;
  std::vector<std::unique_ptr<worker>> workers_;
  catalog_service catalogs_;
  looked_up_users looked_up_;
  client_counts client_counts_;
  std::optional<secret_service> secrets_;
  domain domain_;
  shared_pools pools_;
  outdated_logins logins_;
  cancel_registry cancels_;
  welcomes welcomes_;
  std::atomic<unsigned> clients_{0};
  std::atomic<unsigned> strangers_{0};
  process_context process_;
  desk desk_;
  listening listening_;
  std::string http_endpoint_;
  http_thread http_;
  asio::signal_set signals_;
  asio::signal_set hangups_;
  asio::steady_timer drain_timer_;
  asio::steady_timer memory_timer_;
  login_watch login_watch_;
  reloader reloader_;
  std::size_t free_before_ = 0;
  std::atomic<bool> shutting_down_{false};
  bool drains_ = false;  // sessions are told to end when they have nothing under way
};

program::program(const config::config& settings, const std::string& file)
    : places_(settings.cluster, spare_places),
      configured_(std::make_shared<config::config>(settings)),
      access_(make_access(settings.auth, process_key_)),
      encryption_(std::make_shared<encryption>(settings)),
      board_(settings.cluster.nodes.size()),
      monitor_probe_(places_.all().nodes.size()),
      monitor_(io_, names_, places_.all(), board_, monitor_probe_),
      catalogs_(places_.all(), policy_tables(settings.policies), board_,
                [this](const std::string& database, const known_catalog& catalog) {
                  for (auto& one : workers_) one->catalog_changed(database, catalog);
                }),
      domain_(places_.all().nodes.size(), std::chrono::steady_clock::now()),
      pools_(configured_.load()),
      logins_([this] {
        for (auto& one : workers_) one->logins_changed();
        login_watch_.look();
        if (secrets_) secrets_->changed();
      }),
      process_{places_.all(),
               configured_,
               access_,
               encryption_,
               proven_,
               login_guard_,
               slow_,
               server_logins_,
               judges_,
               board_,
               monitor_,
               catalogs_,
               nullptr,
               looked_up_,
               client_counts_,
               domain_,
               pools_,
               logins_,
               cancels_,
               names_,
               welcomes_,
               clients_,
               strangers_,
               [this](const auto& what) {
                 for (auto& one : workers_) one->run(what);
               }},
      desk_(process_, {[this](console::shutdown_mode how) { asio::post(io_, [this, how] { shut_down(how); }); },
                       [this] { return shutting_down_.load(); },
                       [this](auto then) { slow_.run([this, then = std::move(then)] { then(reloader_.reload()); }); },
                       [this](auto key, auto value, auto then) {
                         slow_.run([this, key = std::move(key), value = std::move(value), then = std::move(then)] {
                           then(reloader_.set(key, value));
                         });
                       }}),
      listening_(
          io_, settings.listen, settings.admin.unix_socket, [this] { return clients_.load(); },
          [this](accepted_client who) { least_busy().serve(std::move(who)); }),
      http_(
          [&](asio::io_context& io) {
            auto acceptor = listen_on(io, settings.http, "HTTP");
            http_endpoint_ = text_of(acceptor.local_endpoint());
            return acceptor;
          },
          [this](std::string_view path) { return page(path); }),
      signals_(io_, SIGTERM, SIGINT),
      hangups_(io_, SIGHUP),
      drain_timer_(io_),
      memory_timer_(io_),
      login_watch_(
          places_.all(), board_,
          [this](const login_news& news, routing::node_index node, routing::instant when) {
            logins_found(news, node, when);
          },
          [this] { logins_.look(*board_.newest(), std::chrono::steady_clock::now()); }),
      reloader_(
          file, [this] { return *configured_.load(); },
          [this](const config::config& wanted) { return config::plan_reload(*configured_.load(), wanted, places_); },
          [this](const config::reload& plan) { apply(plan); }) {
  if (settings.auth.query.enabled()) {
    secrets_.emplace(
        places_.all(), settings.auth.query, board_, [this] { return looked_up_.all(); },
        [this](const auth::revoked_user& who) { user_revoked(who); });
    process_.secrets = &*secrets_;
  }
  process_.desk = &desk_;
  const auto count = settings.workers != 0 ? settings.workers : std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) workers_.push_back(std::make_unique<worker>(process_));
}

int program::run() {
  monitor_.start();
  for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->start("worker " + std::to_string(i));
  login_watch_.start();
  if (secrets_) secrets_->start();
  desk_.start();
  listening_.start();
  http_.start();
  await_signal();
  await_hangup();
  give_back_memory();
  // One line that scripts can wait for.
  std::printf("highwater: listening on %s, metrics on http://%s/metrics\n", text_of(listening_.endpoint()).c_str(),
              http_endpoint_.c_str());
  std::fflush(stdout);
  io_.run();
  end();
  spdlog::info("ended");
  return 0;
}

// Whoever calls others before those.
void program::end() noexcept {
  http_.stop();
  desk_.stop();
  login_watch_.stop();
  if (secrets_) secrets_->stop();
  catalogs_.stop();
  slow_.stop();
  server_logins_.stop();
  judges_.stop();
  names_.stop();
  for (auto& one : workers_) one->stop();
  for (auto& one : workers_) one->discard();
}

void program::await_hangup() {
  hangups_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    slow_.run([this] { reloader_.reload(); });
    await_hangup();
  });
}

// Not on the control thread, which the monitors need: secrets are made from passwords here. What can fail does so
// before anything is done.
void program::apply(const config::reload& plan) {
  const auto& effective = plan.effective;
  auto access = make_access(effective.auth, process_key_);
  auto encrypted = std::make_shared<encryption>(effective.listen.tls, plan.nodes.in_force, *encryption_.load());
  auto next = std::make_shared<const config::config>(effective);
  warn_of_open_door(effective);
  access_.store(std::move(access));
  encryption_.store(std::move(encrypted));
  configured_.store(next);
  pools_.adopt(next);
  catalogs_.follow_policies(policy_tables(effective.policies));
  spdlog::set_level(spdlog::level::from_str(effective.log.level));
  const auto is_policy = [](const auto& section) { return section == "consistency" || section == "policies"; };
  const bool policies = std::ranges::any_of(plan.changed, is_policy);
  for (auto& one : workers_) one->adopt(next, policies, plan.nodes.in_force);
  asio::post(io_, [this, balancers = effective.listen.proxy_protocol] { listening_.follow(balancers); });
  if (!plan.nodes.any()) return;
  raise_descriptor_limit(effective);  // or warns
  change_nodes(plan.nodes);
}

// Whoever sees a node that is new sees it in a view, and so behind all of this.
void program::change_nodes(const config::node_changes& changes) {
  places_.make(changes);
  desk_.nodes_changed(changes.in_force);
  monitor_.follow(changes);
}

// What thousands of clients needed at once lies free between what stays, where only this finds it. It takes the
// allocator's locks for some milliseconds, so not for little.
void program::give_back_memory() {
  constexpr std::chrono::seconds pause{5};
  constexpr std::size_t worth_it = 4U << 20U;
  const auto free = ::mallinfo2().fordblks;
  if (free > free_before_ + worth_it) {
    ::malloc_trim(0);
    free_before_ = ::mallinfo2().fordblks;
  } else {
    free_before_ = std::min(free_before_, free);
  }
  memory_timer_.expires_after(pause);
  memory_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) give_back_memory();
  });
}

worker& program::least_busy() {
  return **std::min_element(workers_.begin(), workers_.end(),
                            [](const auto& a, const auto& b) { return a->sessions() < b->sessions(); });
}

// On the HTTP thread.
http_page program::page(std::string_view path) const {
  const auto view = board_.newest();
  if (path == "/healthz") return {200, "text/plain; charset=utf-8", "alive\n"};
  if (path == "/readyz") return shutting_down_ ? leaving_page() : ready_page(places_.all().nodes, *view);
  if (path != "/metrics") return not_found_page();
  std::vector<const metrics::worker_probe*> probes;
  for (const auto& one : workers_) probes.push_back(&one->probe());
  return {200, "text/plain; version=0.0.4; charset=utf-8",
          metrics::expose(metric_names(places_.all().nodes, *view),
                          node_statuses(*view, std::chrono::steady_clock::now()), monitor_probe_, probes, version)};
}

// On the watch's thread.
void program::logins_found(const login_news& news, routing::node_index node, routing::instant when) {
  for (const auto& each : news.scopes) {
    if (!each.database.empty()) catalogs_.replaced(each.database);
  }
  logins_.changed(news.scopes, when);
  if (secrets_) secrets_->changed();
  if (news.reloaded) logins_.changed_on(node, {}, when);
  for (const auto& database : news.gone) {
    spdlog::info("database {} does not exist any more: its sessions end", quoted(database));
    for (auto& one : workers_) one->database_gone(database);
  }
}

// On the service's thread. Of a password that has been changed nothing is left that the servers would take: the client
// has to show the new one.
void program::user_revoked(const auth::revoked_user& who) {
  const bool gone = who.why == auth::revocation::gone;
  spdlog::info("user {}: its sessions end", gone ? quoted(who.who.name) + " may not log in any more"
                                                 : quoted(who.who.name) + " has another password than before");
  if (gone) proven_.forget(who.who.name);
  for (auto& one : workers_) one->user_revoked(who);
}

// A second signal does not wait.
void program::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    if (drains_) return finish();
    shut_down(console::shutdown_mode::wait_for_servers);
    await_signal();
  });
}

void program::shut_down(console::shutdown_mode how) {
  shutting_down_ = true;
  listening_.stop();
  if (how == console::shutdown_mode::immediate) return finish();
  if (drains_) return;
  if (how == console::shutdown_mode::wait_for_clients) {
    spdlog::info("shutting down when the last client has gone");
    return drained(std::chrono::steady_clock::time_point::max());
  }
  drains_ = true;
  const auto patience = configured_.load()->drain_timeout;
  spdlog::info("shutting down: waiting for transactions to finish, {} ms at most", patience.count());
  for (auto& one : workers_) one->drain();
  drained(std::chrono::steady_clock::now() + patience);
}

void program::finish() {
  monitor_.stop();
  signals_.cancel();
  hangups_.cancel();
  memory_timer_.cancel();
  io_.stop();
}

void program::drained(std::chrono::steady_clock::time_point deadline) {
  const bool empty = std::all_of(workers_.begin(), workers_.end(), [](const auto& w) { return w->sessions() == 0; });
  if (empty || std::chrono::steady_clock::now() >= deadline) return finish();
  constexpr std::chrono::milliseconds look_again{5};
  drain_timer_.expires_after(look_again);
  drain_timer_.async_wait([this, deadline](const boost::system::error_code& error) {
    if (!error) drained(deadline);
  });
}

}  // namespace

int run(const config::config& settings, const std::string& file) {
  ignore_signals();
  raise_descriptor_limit(settings);
  warn_of_open_door(settings);
  try {
    return program(settings, file).run();
  } catch (const std::exception& error) {
    spdlog::critical("cannot start: {}", error.what());
    return 1;
  }
}

}  // namespace highwater::proxy
