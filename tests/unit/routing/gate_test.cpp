#include "routing/gate.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/routing/small_cluster.hpp"

namespace highwater::routing {
namespace {

using config::level;
using enum config::level;
using testing_support::small_cluster;
using testing_support::t;

constexpr node_index a = small_cluster::a, b = small_cluster::b, c = small_cluster::c;
constexpr incarnation_id of_a = 10, of_b = 20, of_c = 30;

// The primary was at 100, 200, 300 at 10, 20, 30 ms. Nothing is proved.
struct situation : small_cluster {
  situation() {
    primary_at(100, t(10)).primary_at(200, t(20)).primary_at(300, t(30)).replicas_at(250, 150);
    domain.reads.resize(3);
  }
  std::optional<shown_claim> closed(level at = session) { return closed_gate(at, floors, &domain, view); }

  session_floors floors;
  domain_floors domain;
};

using fact = std::function<void(situation&)>;

fact read(node_index node, incarnation_id life, double at, bool as_replica = true) {
  return [=](situation& s) { s.floors.has_read(node, life, t(at), as_replica); };
}
fact others_read(node_index node, incarnation_id life, double at) {
  return [=](situation& s) { s.domain.reads[node] = {t(at), life}; };
}
fact proved(node_index node, double through) {
  return [=](situation& s) { s.view.nodes[node].shown_through = t(through); };
}
fact proved_of_all(double through) {
  return [=](situation& s) { s.view.all_shown_through = t(through); };
}
fact shows_up_to(lsn at) {
  return [=](situation& s) { s.view.shown_at = at; };
}

struct row {
  const char* why;
  level at;
  std::vector<fact> facts;
  std::optional<shown_claim> lacking;
};

constexpr auto open = std::nullopt;
shown_claim one(node_index node, double since) {
  return {shown_by::one_node, node, t(since)};
}
shown_claim replicas(double since) {
  return {shown_by::replicas, no_node, t(since)};
}
shown_claim anybody(double since) {
  return {shown_by::anybody, no_node, t(since)};
}

void check(const std::vector<row>& rows) {
  for (const auto& each : rows) {
    situation s;
    for (const auto& happens : each.facts) happens(s);
    const auto found = s.closed(each.at);
    const auto label = std::string(config::to_string(each.at)) + ": " + each.why;
    ASSERT_EQ(found.has_value(), each.lacking.has_value()) << label;
    if (!found) continue;
    EXPECT_EQ(static_cast<int>(found->by), static_cast<int>(each.lacking->by)) << label;
    EXPECT_EQ(found->node, each.lacking->node) << label;
    EXPECT_EQ(found->since, each.lacking->since) << label;
  }
}

TEST(gate, is_open_to_whom_no_replica_has_shown_anything) {
  for (std::size_t each = 0; each < config::level_count; ++each) {
    check({
        {"nothing was read", static_cast<level>(each), {}, open},
        {"what the primary has shown", static_cast<level>(each), {read(a, of_a, 34, false)}, open},
        {"... in another life", static_cast<level>(each), {read(a, 9, 34, false)}, open},
    });
  }
}

TEST(gate, is_closed_at_the_levels_that_do_not_go_back) {
  check({
      {"no promise", eventual, {read(b, of_b, 34)}, open},
      {"no promise", bounded, {read(b, of_b, 34)}, open},
      {"writes only", read_your_writes, {read(b, of_b, 34)}, open},
      {"a read", monotonic_reads, {read(b, of_b, 34)}, one(b, 34)},
      {"a read", session, {read(b, of_b, 34)}, one(b, 34)},
      {"a read", causal, {read(b, of_b, 34)}, one(b, 34)},
      {"a read", strong, {read(b, of_b, 34)}, one(b, 34)},
      {"asks for more, gets no less", primary, {read(b, of_b, 34)}, one(b, 34)},
  });
}

TEST(gate, opens_by_proof) {
  check({
      {"of that node", session, {read(b, of_b, 34), proved(b, 34)}, open},
      {"not up to there", session, {read(b, of_b, 34), proved(b, 33.9)}, one(b, 34)},
      {"not of that node", session, {read(b, of_b, 34), proved(c, 40)}, one(b, 34)},
      {"not of that life", session, {read(b, 19, 34), proved(b, 40)}, anybody(34)},
      {"of everybody", session, {read(b, 19, 34), proved_of_all(34)}, open},
      {"not up to there", session, {read(b, 19, 34), proved_of_all(33.9)}, anybody(34)},
      {"by where the primary was afterwards", session, {read(b, 19, 25), shows_up_to(300)}, open},
      {"not by where it was before", session, {read(b, 19, 25), shows_up_to(299)}, anybody(25)},
      {"not while that is unknown", session, {read(b, 19, 34), shows_up_to(300)}, anybody(34)},
      {"the node is the primary now", session, {read(a, 9, 34)}, open},
  });
}

TEST(gate, remembers_the_nodes_before_the_last_one) {
  const auto moved = [](double first, double then) {
    return [=](situation& s) {
      read(c, of_c, first)(s);
      read(b, of_b, then)(s);
    };
  };
  const auto by_primary = [](situation& s) {
    read(b, of_b, 33)(s);
    read(a, of_a, 34, false)(s);
  };
  check({
      {"not proved", session, {moved(33, 34)}, anybody(34)},
      {"of the last one only", session, {moved(33, 34), proved(b, 34)}, anybody(33)},
      {"of both is not known to be of both", session, {moved(33, 34), proved(b, 34), proved(c, 34)}, anybody(33)},
      {"of everybody", session, {moved(33, 34), proved_of_all(34)}, open},
      {"of everybody before, and the last one", session, {moved(33, 34), proved(b, 34), proved_of_all(33)}, open},
      {"by a weaker level on the primary", session, {by_primary}, anybody(33)},
  });
}

TEST(gate, is_closed_by_what_others_were_told_where_that_counts) {
  const auto lives_ended = [](situation& s) { s.domain.ended = t(34); };
  check({
      {"others do not count", session, {others_read(b, of_b, 34)}, open},
      {"others do not count", primary, {others_read(b, of_b, 34)}, open},
      {"a read", causal, {others_read(b, of_b, 34)}, one(b, 34)},
      {"a read", strong, {others_read(b, of_b, 34)}, one(b, 34)},
      {"several", causal, {others_read(b, of_b, 33), others_read(c, of_c, 34)}, replicas(34)},
      {"several, of which one is proved",
       causal,
       {others_read(b, of_b, 33), others_read(c, of_c, 34), proved(c, 34)},
       one(b, 33)},
      {"several lives", causal, {others_read(b, of_b, 33), others_read(c, 29, 32)}, anybody(33)},
      {"of the primary", causal, {others_read(a, of_a, 34)}, open},
      {"of lives that have ended", causal, {lives_ended}, anybody(34)},
      {"of lives that have ended, proved", causal, {lives_ended, proved_of_all(34)}, open},
      {"others and oneself", causal, {others_read(b, of_b, 33), read(c, of_c, 34)}, replicas(34)},
  });
}

TEST(gate, forgets_what_is_proved) {
  situation s;
  read(c, of_c, 33)(s);
  read(b, of_b, 34)(s);
  proved_of_all(33)(s);
  EXPECT_TRUE(s.closed());
  EXPECT_EQ(s.floors.shown_elsewhere, never);
  EXPECT_TRUE(s.floors.shown_here);
  proved(b, 34)(s);
  EXPECT_FALSE(s.closed());
  EXPECT_FALSE(s.floors.shown_here);
  s.put(b, node_role::replica, 250, 21);
  s.view.all_shown_through = never;
  EXPECT_FALSE(s.closed()) << "what was proved once holds for good";
  read(b, 21, 35)(s);
  EXPECT_TRUE(s.closed());
}

}  // namespace
}  // namespace highwater::routing
