#include "proxy/client/worker.hpp"

#include <pthread.h>

#include <chrono>
#include <functional>
#include <utility>

namespace highwater::proxy {

namespace {

constexpr std::chrono::milliseconds tidy_interval{250};
constexpr unsigned tidies_until_forgotten = 8;

}  // namespace

// Lets them look who are yet to, when the loop comes to it.
class worker::looker final : public event_loop::watched {
public:
  explicit looker(worker& owner) : owner_(owner) {}
  void on_event(bool, bool, bool) override {
    owner_.looks_on_ = false;
    owner_.look_on();
  }

private:
  worker& owner_;
};

worker::worker(process_context& in) : context_(in, loop_, [this] { view_published(); }), looker_(new looker(*this)) {
  context_.look_soon = [this] { look_soon(); };
  retired_.resize(in.cluster.nodes.size());
  lives_.resize(in.cluster.nodes.size());
  // Whoever is over is not let go of from within its own call.
  context_.admit = [this](newcomer who) { admit(std::move(who)); };
  context_.arrival_over = [this](arrival& which) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    loop_.post([this, held = which.shared_from_this()] { arrivals_.erase(held); });
  };
  context_.session_ended = [this](session& which) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    loop_.post([this, held = which.shared_from_this()] { sessions_.erase(held); });
  };
  context_.relay_over = [this](relay& which) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    loop_.post([this, held = which.shared_from_this()] { relays_.erase(held); });
  };
  context_.for_each_session = [this](const auto& what) {
    const auto all = sessions_;
    for (const auto& one : all) what(*one);
  };
  context_.operator_ended = [this](operator_session& which) {
    loop_.post([this, held = which.shared_from_this()] { operators_.erase(held); });
  };
}

worker::~worker() {
  stop();
}

void worker::start(const std::string& name) {
  tidy_later();
  thread_ = std::thread([this] { loop_.run(); });
  ::pthread_setname_np(thread_.native_handle(), name.c_str());  // for top -H, perf and debuggers
}

void worker::serve(accepted_client who) {
  count_.fetch_add(1, std::memory_order_relaxed);
  loop_.post([this, who = std::move(who)]() mutable {
    const auto added = *arrivals_.insert(std::make_shared<arrival>(context_, std::move(who))).first;
    added->start();
    if (draining_ && !added->operates()) added->end();
  });
}

// It is one and the same client.
void worker::admit(newcomer who) {
  if (who.operates) return admit_operator(std::move(who));
  count_.fetch_add(1, std::memory_order_relaxed);
  if (who.replication != wire::replication::none) return admit_to_replicate(std::move(who));
  const auto added = *sessions_.insert(std::make_shared<session>(context_, std::move(who.socket))).first;
  added->start(who);
  if (draining_) added->drain();
}

void worker::admit_to_replicate(newcomer who) {
  const auto added = *relays_.insert(std::make_shared<relay>(context_, std::move(who))).first;
  added->start();
  if (draining_) added->drain();
}

// Of sessions and relays alike; they may end within.
template <class What>
void worker::for_all(const What& what) {
  const auto sessions = sessions_;
  for (const auto& one : sessions) what(*one);
  const auto relays = relays_;
  for (const auto& one : relays) what(*one);
}

void worker::admit_operator(newcomer who) {
  context_.probe.clients.add(-1);
  (*operators_.insert(std::make_shared<operator_session>(context_, std::move(who))).first)->start();
}

void worker::catalog_changed(const std::string& database, known_catalog catalog) {
  loop_.post([this, database, catalog = std::move(catalog)] { context_.catalog_changed(database, catalog); });
}

void worker::logins_changed() {
  loop_.post([this] { context_.for_each_pool([](pool& one) { one.close_outdated(); }); });
}

void worker::database_gone(const std::string& database) {
  loop_.post([this, database] { for_all([&](auto& one) { one.database_gone(database); }); });
}

void worker::user_revoked(const auth::revoked_user& who) {
  loop_.post([this, who] {
    for_all([&](auto& one) { one.user_revoked(who); });
    const auto operators = operators_;
    for (const auto& one : operators) one->user_revoked(who);
  });
}

void worker::adopt(config_ptr newer, bool policies, std::vector<config::placed_node> nodes) {
  loop_.post([this, newer = std::move(newer), policies, nodes = std::move(nodes)] {
    context_.adopt(newer, policies);
    context_.adopt(nodes);
    context_.for_each_session([](session& one) { one.look_at_times(); });
  });
}

void worker::run(const std::function<void(worker_context&)>& what) {
  loop_.post([this, what] { what(context_); });
}

// On the control thread.
void worker::view_published() {
  if (view_posted_.exchange(true, std::memory_order_acq_rel)) return;
  loop_.post([this] { look_at_views(); });
}

void worker::look_at_views() {
  view_posted_.store(false, std::memory_order_release);
  auto& yet_to_look = context_.yet_to_look;
  yet_to_look.splice(yet_to_look.end(), context_.awaiting_view);
  look_on();
}

// There may be thousands who wait, for a primary above all: between some of them and the next, others are served. Whose
// turn comes late looks at the newest view there is then.
void worker::look_on() {
  constexpr unsigned a_turn = 128;
  auto& yet_to_look = context_.yet_to_look;
  for (unsigned looked = 0; looked < a_turn && !yet_to_look.empty(); ++looked) {
    auto& next = yet_to_look.front();
    context_.awaiting_view.splice(context_.awaiting_view.end(), yet_to_look, yet_to_look.begin());
    next.who.view_changed();  // it may leave
  }
  if (!yet_to_look.empty()) look_soon();
}

void worker::look_soon() {
  if (!std::exchange(looks_on_, true)) loop_.tell_later(looker_, false, false);
}

void worker::tidy_later() {
  context_.timers.schedule(std::chrono::steady_clock::now() + tidy_interval, [this] {
    tidy();
    tidy_later();
  });
}

// Closes server connections that nobody needs, or that belong to a life of their node that has ended, or to a node that
// the configuration has no more.
void worker::tidy() {
  const auto now = std::chrono::steady_clock::now();
  const auto& view = context_.view();
  context_.for_each_pool([&](pool& one) {
    const auto& node = view.nodes[one.key().node];
    const auto has_had_its_time = [&](const server_connection& connection) {
      const auto life = connection.session().proved();
      return node.retired || (life != 0 && node.incarnation != 0 && life != node.incarnation);
    };
    one.close_idle(std::cref(has_had_its_time));
    const bool has_clients = one.weak_from_this().use_count() > 1;
    one.look_after(now, has_clients && node.usable);
  });
  abandon_dead_nodes();
  const auto relays = relays_;
  for (const auto& one : relays) one->look();
  if (++tidied_ % tidies_until_forgotten == 0) context_.forget_unused();
  context_.shrink_scratch();
  constexpr std::size_t sockets_a_time = 500;
  loop_.look_after_some(now, sockets_a_time);
}

// Reads that wait for a node which has stopped answering are run elsewhere, and nobody waits for a primary that has
// been replaced: it may be hanging, and never say so.
void worker::abandon_dead_nodes() {
  std::vector<routing::node_index> died, retired;
  const auto& view = context_.view();  // until somebody looks at a newer one
  for (routing::node_index node = 0; node < view.nodes.size(); ++node) {
    const auto& now = view.nodes[node];
    const auto life = now.usable ? now.incarnation : 0;
    const auto before = std::exchange(lives_[node], life);
    if (now.retired && !retired_[node]) retired.push_back(node);
    retired_[node] = now.retired;
    if (!now.retired && before != 0 && before != life) died.push_back(node);
  }
  const bool moved = view.has_primary() && std::exchange(primary_, view.primary) != view.primary;
  if (died.empty() && retired.empty() && !moved) return;
  const auto all = sessions_;
  for (const auto& one : all) {
    for (const auto node : died) one->node_died(node);
    for (const auto node : retired) one->node_retired(node);
    if (moved) one->primary_moved();
  }
}

void worker::drain() {
  loop_.post([this] {
    draining_ = true;
    const auto arriving = arrivals_;
    for (const auto& one : arriving) {
      if (!one->operates()) one->end();
    }
    for_all([](auto& one) { one.drain(); });
  });
}

void worker::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] {
    const wire::error why{std::string(wire::sqlstate::admin_shutdown),
                          "terminating connection because Highwater is shutting down", "", ""};
    const auto arriving = arrivals_;
    for (const auto& one : arriving) one->kill(why);
    for_all([&](auto& one) { one.kill(why); });
    const auto operators = operators_;
    for (const auto& one : operators) one->kill(why);
    context_.timers.stop();
    // After the farewells that were posted meanwhile.
    loop_.post([this] { loop_.stop(); });
  });
  thread_.join();
}

}  // namespace highwater::proxy
