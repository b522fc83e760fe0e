#pragma once

// One batch's way to a node, or one login's: what to do next, given what is known of the nodes now. It remembers what
// has been tried (who refused, who died, what the replicas cannot serve), so that a batch is tried on another node once
// and not for ever. No I/O and no clock: time, the view and the loads are arguments; what the nodes have to be asked is
// an answer.

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "proxy/wire/errors.hpp"
#include "routing/decide.hpp"

namespace highwater::proxy {

class attempt {
public:
  // Who looks for a node, and for what.
  struct subject {
    routing::requirement need = {};
    bool as_read = false;   // it may be served where the reads are; else the primary has to
    bool anywhere = false;  // any server can answer: what it needs does not matter
    bool greets = false;    // nobody waits for a node that logs in, if there is none at all
  };
  // What is known at the moment.
  struct circumstances {
    const routing::cluster_view& view;
    std::span<const routing::node_load> loads;
    routing::instant now;
    std::uint32_t turn = 0;  // see decide_read()
  };
  enum class move : std::uint8_t {
    lease,        // a connection to plan().node
    wait,         // for a new view, or until deadline(); and ask the nodes questions()
    too_stale,    // no node is fresh enough, and on_stale says so
    gate_closed,  // the primary does not show what the session has seen (rule 9), and the client has waited long enough
    no_node,      // none can be used, and the client has waited long enough
  };
  struct question {
    enum class kind : std::uint8_t { sample, position, proof };
    kind what = kind::sample;
    routing::node_index node = routing::no_node;
    routing::instant when = routing::never;  // sample: not older; position: nobody waits longer; proof: shown by then
    routing::lsn floor = 0;                  // position
    routing::shown_by whom = routing::shown_by::one_node;  // proof
  };

  // A batch is there. `patience`: how long its client may have to wait for a node. False: it is one that is being tried
  // again, and keeps its moment of arrival.
  bool begin(routing::instant now, routing::duration patience) noexcept;
  // It was held up, and begins to wait now: what it may be served with is what is so by then.
  void resume(routing::instant now) noexcept { arrived_ = now; }
  // ... and where it belongs is known. `floors` outlives the attempt.
  void place(const subject& what, routing::session_floors& floors) noexcept;
  // For the levels that mind what others were told: as it was when the batch arrived.
  routing::domain_floors& told() noexcept { return told_; }

  move next(const circumstances& at);
  const routing::plan& plan() const noexcept { return plan_; }
  routing::instant deadline() const noexcept { return deadline_; }
  std::span<const question> questions() const noexcept { return {questions_.data(), questions_.size()}; }
  // Asks them of whoever watches the nodes: proxy's monitor, or one like it.
  template <class Watcher>
  void ask(Watcher& nodes) const {
    for (const auto& one : questions_) {
      switch (one.what) {
        case question::kind::sample:
          nodes.need_sample(one.node, one.when);
          break;
        case question::kind::position:
          nodes.need_position(one.node, one.floor, one.when);
          break;
        case question::kind::proof:
          nodes.need_proof(one.whom, one.node, one.when);
          break;
      }
    }
  }
  bool at_gate() const noexcept { return plan_.what == routing::plan::action::await_proof; }

  // A connection is there, after a wait: is the decision still right? A bound in time or bytes is a matter of now; what
  // a floor asks for, a node that had it still has.
  bool may_be_outdated() const noexcept { return !subject_.greets && subject_.need.bounded(); }
  bool serves_on(routing::node_index node) const noexcept {
    return plan_.what == routing::plan::action::serve && plan_.node == node;
  }

  // The node let nobody in. True if another one is to be looked for.
  bool turned_away(wire::error why, bool full) noexcept;
  // The connection leads to another server than the monitor's.
  void stranger(wire::error why) noexcept;
  // What it said, whoever is asked next; none if nobody was turned away.
  const std::optional<wire::error>& refused() const noexcept { return refused_; }

  // Rule 15. The node has refused the read, or died on it, and nothing was forwarded: the batch begins again, without
  // that node.
  void refused_by(routing::node_index node, wire::replica_refusal how, bool only_one) noexcept;
  void lost(routing::node_index node) noexcept { exclude(node); }
  void try_again() noexcept { retrying_ = true; }
  bool retried() const noexcept { return retried_; }
  // A replica has found that what was taken for a read is none. Told once.
  bool learns_write() noexcept { return std::exchange(learns_write_, false); }
  // Is there anybody else to ask? Of what its catalogue says, only the primary knows better.
  bool has_elsewhere(wire::replica_refusal how, const circumstances& at) const noexcept;

  const routing::requirement& need() const noexcept { return subject_.need; }
  bool as_read() const noexcept { return subject_.as_read; }
  bool may_be_anywhere() const noexcept { return subject_.anywhere; }
  routing::instant arrived() const noexcept { return arrived_; }
  routing::instant limit() const noexcept { return arrived_ + patience_; }

private:
  void decide(const circumstances& at);
  void exclude(routing::node_index node) noexcept { excluded_ = node; }
  move follow(const circumstances& at);
  move wait_until(routing::instant deadline) noexcept;
  move wait_at_gate(const circumstances& at);
  move wait_for_node(const circumstances& at);
  void ask_for_bounds(const circumstances& at);
  void ask_for_positions(const circumstances& at);

  subject subject_;
  routing::session_floors* floors_ = nullptr;
  routing::domain_floors told_;
  routing::instant arrived_ = routing::never;
  routing::duration patience_{0};

  routing::plan plan_;
  routing::instant deadline_ = routing::never;
  routing::instant at_gate_ = routing::never;  // since when
  boost::container::small_vector<question, 4> questions_;

  routing::node_index excluded_ = routing::no_node;
  std::optional<wire::error> refused_;
  bool conflicted_ = false;  // the other replicas would refuse it as well
  bool retrying_ = false;    // the batch is about to begin again
  bool retried_ = false;     // ... has done so
  bool learns_write_ = false;
};

}  // namespace highwater::proxy
