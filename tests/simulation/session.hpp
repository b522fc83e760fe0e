#pragma once

// One client's session in the proxy: does with simulated time and messages what proxy/client/session does with sockets,
// and asks the same deciders: admission, transaction, attempt, approach, exchange, floors, domain, the proof of a
// connection.

#include <deque>

#include "proxy/client/admission.hpp"
#include "proxy/client/approach.hpp"
#include "proxy/client/attempt.hpp"
#include "proxy/client/client_state.hpp"
#include "proxy/client/exchange.hpp"
#include "tests/simulation/worker.hpp"

namespace highwater::simulation {

// A statement of the client's, on its way.
struct batch {
  speech said;
  promise owed;
};

// What becomes of a statement, for whoever has sent it.
struct outcome {
  const reply* from = nullptr;  // null: the proxy's own word, or none at all
  bool failed = false;
  bool stale = false;  // on_stale says so
  instant decided = routing::never;
};

class session {
public:
  session(worker& at, std::size_t number);
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  std::size_t number() const noexcept { return number_; }
  void receive(const batch& what);
  void ask_for_level(std::optional<config::level> wanted) { client_.transaction.level.set(wanted, false, false); }
  bool waits_for_view() const noexcept { return stage_ == stage::awaiting_view; }

  void view_changed();
  void node_died(node_index node);
  bool leave_before_sending(node_index node);
  void primary_moved();
  void on_lease(line& with);
  void on_lease_failed(const wire::error& why);
  void on_reply(line& from, const reply& come);
  void on_server_lost(line& gone);

private:
  enum class stage : std::uint8_t { ready, awaiting_view, awaiting_lease };
  struct reply_handler;

  void process();
  bool process_one();
  bool act_on_batch();
  bool answer_transaction();
  void start_plan();
  bool placed_read() const;
  bool begins_placed() const;
  routing::requirement required() const;
  proxy::demand demands(const proxy::standing& where);
  std::optional<config::level> asked_for_transaction() const;
  proxy::standing stands() const;

  proxy::attempt::circumstances circumstances();
  void follow(const proxy::approach::step& next);
  void note_decision();
  void give_up_lease(proxy::approach::fate what);
  void note_refusal(proxy::approach::refusal why);
  void await_view(instant deadline);
  void set_timer(instant deadline);
  void timer_rings();
  void queue(instant deadline);
  void begin_lease(line& with);
  void go();
  void send_batch();

  void note_told();
  void batch_answered(const reply& come, wire::transaction_status status);
  void exchange_over();
  bool refused(const reply& come);
  void retry();
  bool note_unknown_writes();
  bool on_deposed_node() const;
  void end_on_deposed_node();
  void answer_error();
  void fail_transaction();
  void lost_flights();
  void fatal();
  void release();
  void drop_lease();
  line& end_lease();
  bool leased() const noexcept { return exchange_.leased(); }
  proxy::server_session& server() const noexcept { return exchange_.server(); }

  worker& worker_;
  std::size_t number_;
  proxy::client_state client_;
  proxy::attempt attempt_;
  proxy::approach approach_;
  proxy::exchange exchange_;
  stage stage_ = stage::ready;
  std::deque<batch> incoming_;
  std::deque<batch> sent_;  // and not answered
  line* line_ = nullptr;
  instant decided_ = routing::never;
  instant timer_at_ = routing::never;
  std::uint32_t life_ = 0;  // of the session: what was planned in one before does not count
  bool in_process_ = false;
};

}  // namespace highwater::simulation
