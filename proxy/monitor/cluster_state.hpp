#pragma once

// Puts the nodes' answers together: who is the primary, who belongs to the cluster, how old what each replica shows is.
// Sans-io; the one place where a cluster_view is made.

#include <memory>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "proxy/monitor/catch_up.hpp"
#include "proxy/monitor/sample.hpp"
#include "proxy/monitor/shown_proof.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::proxy {

// Something that an operator wants to read in the log.
struct cluster_news {
  enum class kind : std::uint8_t {
    primary_found,
    primary_lost,
    node_up,
    node_down,
    foreign_system,
    old_primary,
    catching_up,      // it has restarted, and lacks what it had before
    no_common_system  // of no node
  };
  kind what;
  routing::node_index node;
};

class cluster_state {
public:
  cluster_state(std::size_t nodes, const config::monitor& settings);

  // A connection was made and the node has said who it is: a new incarnation begins.
  void began(routing::node_index node, const node_identity& identity, routing::instant now);
  void sampled(routing::node_index node, const node_sample& sample);
  // The configuration has another one, or has it again.
  void add(routing::node_index node);
  // It has it no more. What it said does not count any more, and nobody waits for what it says.
  void retire(routing::node_index node);
  // The node did not answer, or its connection ended; so did the incarnation.
  void lost(routing::node_index node);

  routing::cluster_view_ptr publish();

  routing::node_index primary() const noexcept { return view_.primary; }
  // How long the replica takes to have what the primary has.
  routing::duration catches_up_in(routing::node_index node) const { return members_[node].behind.expected(); }

  // Rule 9: what to ask a node about besides where it is, and when.
  proof_question question(routing::node_index node, routing::instant now);
  void need_proof(routing::shown_by whom, routing::node_index node, routing::instant since, routing::instant now) {
    proof_.need(whom, node, since, now);
  }
  proof_wish wish(routing::node_index node, routing::instant now) const;

  // What has changed since the last call.
  std::vector<cluster_news> take_news() { return std::exchange(news_, {}); }

private:
  struct member {
    routing::node_view view;
    node_identity identity;
    routing::timeline_id timeline = 0;
    bool alive = false;  // has answered in this incarnation
    bool asked = false;  // has answered or failed at least once
    bool was_usable = false;
    bool retired = false;
    bool complained = false;  // of a foreign system or an old timeline
    // Where it is the primary by its own last word, which stands until it says otherwise; 0: nowhere.
    routing::timeline_id claims = 0;
    // Rule 8: how far it is known to have been, on which timeline; and how far it has to come before it is used.
    routing::lsn reached = 0;
    routing::timeline_id reached_on = 0;
    routing::lsn owes = 0;
    catch_up behind;
  };

  void follow_timeline(routing::timeline_id timeline);
  bool settled() const noexcept;
  void adopt_system();
  std::uint64_t prevailing_system();
  void elect();
  bool may_lead(const member& one) const noexcept;
  bool claims_to_lead(const member& one) const noexcept;
  routing::node_index chosen() const noexcept;
  bool belongs(const member& one) const noexcept;
  bool follows(const member& one) const noexcept;
  void begin_history(const routing::node_view& primary);
  static void forget_view(member& one);
  static void note_reached(member& one, const node_sample& sample);
  void judge(routing::node_index node);
  void measure(routing::node_index node, const node_sample& sample);
  void prove(routing::node_index node, const node_sample& sample);
  void tell(cluster_news::kind what, routing::node_index node) { news_.push_back({what, node}); }

  std::vector<member> members_;
  shown_proof proof_;
  routing::incarnation_id proving_for_ = 0;  // the primary's life that it is about
  routing::cluster_view view_;
  routing::incarnation_id next_incarnation_ = 1;
  routing::node_index led_ = routing::no_node;  // who was the primary last
  routing::timeline_id led_on_ = 0;             // ... on which timeline; 0: nobody has been
  std::vector<cluster_news> news_;
  bool told_of_no_common_system_ = false;
};

}  // namespace highwater::proxy
