#include "routing/decide.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/routing/small_cluster.hpp"

namespace highwater::routing {
namespace {

using config::level;
using enum config::level;
using action = plan::action;
using reason = route_reason;
using step = config::stale_step;
using steps = config::stale_steps;
using ms = std::chrono::milliseconds;
using testing_support::small_cluster;
using testing_support::t;
using testing_support::this_system;

constexpr node_index a = small_cluster::a, b = small_cluster::b, c = small_cluster::c;

constexpr std::uint32_t first_of_two = 1;  // where equals take turns

const steps to_primary{{step::kind::primary}};
const steps refuse{{step::kind::error}};

// The primary was at 100, 200, 300 at 10, 20, 30 ms; b has replayed 250 and c 150. A read comes at 35 ms.
struct situation : small_cluster {
  situation() {
    primary_at(100, t(10)).primary_at(200, t(20)).primary_at(300, t(30)).replicas_at(250, 150);
    request.floors = &floors;
    request.domain = &domain;
    request.arrived = now;
    request.need.on_stale = &to_primary;
    domain.reads.resize(3);
    view.all_shown_through = t(1'000);  // the gate is open: see gate_test.cpp
  }
  plan decide(std::uint32_t tie = 0) { return decide_read(request, view, loads, now, tie); }

  instant now = t(35);
  session_floors floors;
  domain_floors domain;
  read_request request;
};

struct row {
  const char* why;
  level need;
  std::function<void(situation&)> facts;
  action what;
  node_index node = no_node;
  reason because = reason::write;
};

void check(const std::vector<row>& rows) {
  for (const auto& each : rows) {
    situation s;
    s.request.need.level = each.need;
    each.facts(s);
    const auto p = s.decide(first_of_two);
    const auto label = std::string(config::to_string(each.need)) + ": " + each.why;
    EXPECT_EQ(static_cast<int>(p.what), static_cast<int>(each.what)) << label;
    EXPECT_EQ(p.node, each.node) << label;
    if (each.what != action::serve) continue;
    EXPECT_EQ(to_string(p.reason), to_string(each.because)) << label;
    EXPECT_EQ(p.incarnation, s.view.nodes[p.node].incarnation) << label;
    EXPECT_EQ(p.node_at, s.view.nodes[p.node].replayed.at) << label;
  }
}

void nothing(situation&) {}
std::function<void(situation&)> wrote(double at) {
  return [at](situation& s) { s.floors.written.raise(t(at)); };
}
std::function<void(situation&)> read(node_index node, incarnation_id incarnation, double at) {
  return [=](situation& s) { s.floors.has_read(node, incarnation, t(at), true); };
}
std::function<void(situation&)> both(std::function<void(situation&)> first, std::function<void(situation&)> second) {
  return [=](situation& s) {
    first(s);
    second(s);
  };
}

TEST(decide_read, sends_each_level_to_a_replica_that_has_what_it_needs) {
  const auto busy_b = [](situation& s) { s.loads[b].outstanding = 5; };
  const auto all_there = [](situation& s) { s.replicas_at(300, 300).loads[b].outstanding = 5; };
  check({
      {"anything will do", eventual, nothing, action::serve, b, reason::fresh},
      {"the idler one", eventual, busy_b, action::serve, c, reason::fresh},
      {"own writes do not count", eventual, both(busy_b, wrote(34)), action::serve, c, reason::fresh},
      {"nothing was read", monotonic_reads, busy_b, action::serve, c, reason::fresh},
      {"own writes do not count", monotonic_reads, both(busy_b, wrote(34)), action::serve, c, reason::fresh},
      {"nothing was written", read_your_writes, busy_b, action::serve, c, reason::fresh},
      {"reads do not count", read_your_writes, both(busy_b, read(a, 10, 34)), action::serve, c, reason::fresh},
      {"a write that both have", read_your_writes, both(busy_b, wrote(9)), action::serve, c, reason::fresh},
      {"a write that only b has", read_your_writes, both(busy_b, wrote(15)), action::serve, b, reason::fresh},
      {"a write that none has", read_your_writes, wrote(25), action::serve, a, reason::fallback},
      {"a write that no sample covers yet", read_your_writes, wrote(31), action::serve, a, reason::fallback},
      {"a read elsewhere that only b has", monotonic_reads, both(busy_b, read(a, 10, 15)), action::serve, b,
       reason::fresh},
      {"a read elsewhere that none has", monotonic_reads, read(a, 10, 25), action::serve, a, reason::fallback},
      {"a read elsewhere that no sample covers yet", monotonic_reads, read(a, 10, 31), action::serve, a,
       reason::fallback},
      {"a write that only b has", session, both(busy_b, wrote(15)), action::serve, b, reason::fresh},
      {"a read that only b has", session, both(busy_b, read(a, 10, 15)), action::serve, b, reason::fresh},
      {"the higher of the two", session, both(wrote(5), read(a, 10, 25)), action::serve, a, reason::fallback},
      {"what both have", causal, busy_b, action::serve, c, reason::fresh},
      {"always", primary, all_there, action::serve, a, reason::level_primary},
  });
}

TEST(decide_read, keeps_a_session_on_the_replica_that_it_has_read_from) {
  const auto busy_b = [](situation& s) { s.loads[b].outstanding = 50; };
  const auto stays = both(busy_b, read(b, 20, 34));
  const auto wrote_meanwhile = both(stays, wrote(25));
  const auto crashed = both(stays, [](situation& s) { s.put(b, node_role::replica, 120, 21); });
  check({
      {"needs no proof", monotonic_reads, stays, action::serve, b, reason::sticky},
      {"needs no proof", session, stays, action::serve, b, reason::sticky},
      {"even the one that is behind", session, read(c, 30, 34), action::serve, c, reason::sticky},
      {"does not ask for it", eventual, stays, action::serve, c, reason::fresh},
      {"does not ask for it", read_your_writes, stays, action::serve, c, reason::fresh},
      {"but own writes still count", session, wrote_meanwhile, action::serve, a, reason::fallback},
      {"not in another life (rule 8)", session, crashed, action::serve, a, reason::fallback},
      {"not in another life (rule 8)", monotonic_reads, crashed, action::serve, a, reason::fallback},
      {"not where it is not usable", session, both(stays, [](situation& s) { s.without(b); }), action::serve, a,
       reason::fallback},
      {"reads elsewhere still count", monotonic_reads, both(read(a, 10, 25), read(c, 30, 34)), action::serve, a,
       reason::fallback},
      {"reads elsewhere that it has", monotonic_reads, both(read(a, 10, 5), read(c, 30, 34)), action::serve, c,
       reason::sticky},
  });
}

TEST(decide_read, leaves_a_replica_only_for_one_that_has_what_was_read_there) {
  situation s;
  s.request.need.level = session;
  s.floors.has_read(b, 20, t(18), true);
  s.without(b).replicas_at(250, 150);
  EXPECT_EQ(s.decide().node, a);
  s.replicas_at(250, 200);
  EXPECT_EQ(s.decide().node, c);
}

TEST(decide_read, bounds_staleness_in_measured_time) {
  const auto bound = [](int staleness, double of_b, double of_c) {
    return [=](situation& s) {
      s.request.need.max_staleness = ms(staleness);
      s.view.nodes[b].current_as_of = t(of_b);
      s.view.nodes[c].current_as_of = t(of_c);
      s.loads[b].outstanding = 5;
    };
  };
  const auto idle = [=](situation& s) {
    bound(10, 25, 0)(s);
    s.replicas_at(0, 0);
  };
  check({
      {"both are young enough", bounded, bound(30, 20, 10), action::serve, c, reason::fresh},
      {"exactly young enough", bounded, bound(25, 20, 10), action::serve, c, reason::fresh},
      {"only b is", bounded, bound(20, 20, 10), action::serve, b, reason::fresh},
      {"none is", bounded, bound(1, 20, 10), action::serve, a, reason::fallback},
      {"by what it was seen to have reached", bounded, idle, action::serve, b, reason::fresh},
      {"the bound stays in force beside a stronger level", session, bound(20, 20, 10), action::serve, b, reason::fresh},
      {"the bound stays in force where a session would stay", session, both(bound(20, 20, 10), read(c, 30, 34)),
       action::serve, a, reason::fallback},
  });
}

// The position of the sample at 20 ms covers the horizon at 15 ms; whoever has replayed it is young enough.
TEST(decide_read, takes_a_replayed_position_for_proof_of_age) {
  check({{"b has 200", bounded,
          [](situation& s) {
            s.request.need.max_staleness = ms(20);
            s.loads[b].outstanding = 5;
          },
          action::serve, b, reason::fresh}});
}

TEST(decide_read, bounds_lag_in_bytes) {
  const auto bound = [](std::uint64_t bytes) {
    return [=](situation& s) {
      s.request.need.max_lag_bytes = bytes;
      s.loads[b].outstanding = 5;
    };
  };
  check({
      {"both", bounded, bound(150), action::serve, c, reason::fresh},
      {"only b", bounded, bound(149), action::serve, b, reason::fresh},
      {"exactly", bounded, bound(50), action::serve, b, reason::fresh},
      {"none", bounded, bound(49), action::serve, a, reason::fallback},
      {"a replica ahead of the sample", bounded, both(bound(1), [](situation& s) { s.replicas_at(310, 0); }),
       action::serve, b, reason::fresh},
      {"without a primary nothing is known", bounded,
       both(bound(150),
            [](situation& s) {
              s.without(a);
              s.request.need.on_stale = &refuse;
            }),
       action::fail},
      {"both bounds must hold", bounded, both(bound(149), [](situation& s) { s.request.need.max_staleness = ms(1); }),
       action::serve, a, reason::fallback},
  });
}

TEST(decide_read, keeps_what_any_session_was_told_of) {
  const auto told_write = [](double at) {
    return [=](situation& s) {
      s.domain.written = t(at);
      s.loads[b].outstanding = 5;
    };
  };
  const auto told_read = [](node_index node, incarnation_id incarnation, double at) {
    return [=](situation& s) {
      s.domain.reads[node] = {t(at), incarnation};
      s.loads[b].outstanding = 5;
    };
  };
  check({
      {"a write that both have", causal, told_write(9), action::serve, c, reason::fresh},
      {"a write that only b has", causal, told_write(15), action::serve, b, reason::fresh},
      {"a write that none has", causal, told_write(25), action::serve, a, reason::fallback},
      {"a read on the primary", causal, told_read(a, 10, 15), action::serve, b, reason::fresh},
      {"a read on b binds c", causal, told_read(b, 20, 25), action::serve, b, reason::fresh},
      {"a read on c binds b, which lacks it", causal, told_read(c, 30, 25), action::serve, c, reason::fresh},
      {"a read in another life of b binds b too", causal, told_read(b, 19, 25), action::serve, a, reason::fallback},
      {"reads on both bind each other", causal, both(told_read(b, 20, 25), told_read(c, 30, 25)), action::serve, a,
       reason::fallback},
      {"own writes count as well", causal, both(told_read(b, 20, 5), wrote(25)), action::serve, a, reason::fallback},
      {"others do not bind a session", session, told_write(25), action::serve, c, reason::fresh},
  });
}

TEST(decide_read, asks_the_primary_before_it_gives_up_a_causal_read) {
  situation s;
  s.request.need.level = causal;
  s.domain.written = t(33);
  const auto p = s.decide();
  EXPECT_EQ(p.what, action::await_sample);
  EXPECT_EQ(p.since, t(33));
  EXPECT_GT(p.deadline, s.now);
  s.now = p.deadline;
  EXPECT_EQ(s.decide().reason, reason::fallback);
}

TEST(decide_read, reads_strongly_by_a_sample_sent_after_the_read_arrived) {
  situation s;
  s.request.need.level = strong;
  s.replicas_at(10'000, 10'000);
  auto p = s.decide();
  EXPECT_EQ(p.what, action::await_sample) << "however far the replicas are";
  EXPECT_EQ(p.since, s.request.arrived);

  s.primary_at(400, t(36));
  s.replicas_at(399, 400);
  s.now = t(37);
  p = s.decide();
  EXPECT_EQ(p.what, action::serve);
  EXPECT_EQ(p.node, c);
  EXPECT_EQ(p.floor, 400U);

  s.replicas_at(399, 399);
  EXPECT_EQ(s.decide().reason, reason::fallback);
}

TEST(decide_read, reads_strongly_without_a_sample_from_the_primary_only) {
  situation s;
  s.request.need.level = strong;
  s.request.need.on_stale = &refuse;
  s.now = s.request.arrived + std::chrono::seconds(2);
  EXPECT_EQ(s.decide().what, action::fail);
  s.request.need.on_stale = &to_primary;
  EXPECT_EQ(s.decide().node, a);
  s.without(a);
  EXPECT_EQ(s.decide().what, action::await_node);
}

TEST(decide_read, does_not_use_nodes_that_are_in_doubt) {
  const auto only_b_has_it = [](situation& s) { s.floors.written.raise(t(15)); };
  const auto suspect = [](node_index node, double at) { return [=](situation& s) { s.loads[node].suspect = t(at); }; };
  check({
      {"b is suspect since its last sample", session, both(only_b_has_it, suspect(b, 1)), action::serve, a,
       reason::fallback},
      {"b has answered since", session,
       both(both(only_b_has_it, suspect(b, 1)), [](situation& s) { s.view.nodes[b].sampled = t(2); }), action::serve, b,
       reason::fresh},
      {"sampled at the very moment", session,
       both(both(only_b_has_it, suspect(b, 1)), [](situation& s) { s.view.nodes[b].sampled = t(1); }), action::serve, a,
       reason::fallback},
      {"a role that is not proved", eventual, [](situation& s) { s.view.nodes[b].role = node_role::unknown; },
       action::serve, c, reason::fresh},
      {"another timeline", session, both(only_b_has_it, [](situation& s) { s.view.nodes[b].replayed.timeline = 2; }),
       action::serve, a, reason::fallback},
      {"another system", session, both(only_b_has_it, [](situation& s) { s.view.nodes[b].replayed.system = 1; }),
       action::serve, a, reason::fallback},
      {"refused already (rule 15)", session, both(only_b_has_it, [](situation& s) { s.request.excluded = b; }),
       action::serve, a, reason::fallback},
      {"refused already, the other will do", eventual, [](situation& s) { s.request.excluded = b; }, action::serve, c,
       reason::fresh},
      {"no replica left", eventual, [](situation& s) { s.without(b).without(c); }, action::serve, a,
       reason::no_replica},
      {"nobody left", eventual, [](situation& s) { s.without(a).without(b).without(c); }, action::await_node},
      {"the primary is in doubt", session, both(wrote(25), suspect(a, 30)), action::await_node},
  });
}

TEST(decide_read, leaves_a_drained_replica_alone_and_keeps_a_primary_that_was_one) {
  situation s;
  s.request.need.level = monotonic_reads;
  s.floors.has_read(b, s.view.nodes[b].incarnation, t(12), true);
  EXPECT_EQ(s.decide().node, b) << "who has read there stays";
  s.loads[b].drained = true;
  EXPECT_EQ(s.decide().node, a) << "also who has read there";
  s.request.need.level = eventual;
  EXPECT_EQ(s.decide().node, c);
  s.loads[c].drained = true;
  EXPECT_EQ(s.decide().node, a);
  s.loads[a].drained = true;
  EXPECT_EQ(s.decide().node, a) << "promoted since: writes need it";
  EXPECT_EQ(decide_write(s.request, s.view, s.loads).node, a);
  s.view.primary = no_node;
  EXPECT_EQ(decide_anywhere(s.view, s.loads).what, action::await_node);
  s.loads[c].drained = false;
  EXPECT_EQ(decide_anywhere(s.view, s.loads).node, c);
}

TEST(decide_read, serves_without_a_primary_what_needs_none) {
  const auto headless = [](situation& s) { s.without(a); };
  check({
      {"a replica will do", eventual, headless, action::serve, b, reason::fresh},
      {"a write that b has", session, both(headless, wrote(15)), action::serve, b, reason::fresh},
      {"a write that none has", session, both(headless, wrote(25)), action::await_node},
      {"sticky", session, both(headless, read(c, 30, 34)), action::serve, c, reason::sticky},
      {"nobody but the primary", primary, headless, action::await_node},
  });
}

// Rule 11: the floor of a timeline that has ended is started anew, on the new one.
TEST(decide_read, does_not_compare_positions_of_different_timelines) {
  situation s;
  s.request.need.level = session;
  s.floors.written = {never, {this_system, 1, 240}};
  s.view.timeline = 2;
  s.view.history.clear();
  for (auto& node : s.view.nodes) node.replayed.timeline = 2;
  s.primary_at(260, t(33)).replicas_at(250, 259);
  EXPECT_EQ(s.decide().node, a);
  s.replicas_at(250, 260);
  EXPECT_EQ(s.decide().node, c);
}

TEST(decide_read, goes_to_the_primary_after_a_recovery_conflict_if_it_may) {
  situation s;
  s.request.excluded = b;
  EXPECT_EQ(s.decide().node, c);
  s.request.conflicted = true;
  EXPECT_EQ(s.decide().node, a);
  s.request.need.on_stale = &refuse;
  EXPECT_EQ(s.decide().node, c);
}

TEST(decide_read, resolves_the_floors_that_it_is_given) {
  situation s;
  s.request.need.level = session;
  s.floors.written.raise(t(15));
  s.decide();
  EXPECT_EQ(s.floors.written.event, never);
  EXPECT_EQ(s.floors.written.known, (position{this_system, 1, 200}));
}

TEST(decide_read, tells_what_was_needed_and_found) {
  situation s;
  s.request.need.level = session;
  s.floors.written.raise(t(15));
  auto p = s.decide();
  EXPECT_EQ(p.floor, 200U);
  EXPECT_EQ(p.node_at, 250U);
  s.request.need.on_stale = &refuse;
  s.floors.written.raise(t(25));
  p = s.decide();
  EXPECT_EQ(p.what, action::fail);
  EXPECT_EQ(p.floor, 300U);
  EXPECT_EQ(p.best, b);
  EXPECT_EQ(p.node_at, 250U);
}

TEST(decide_write, goes_to_the_primary_or_waits_for_one) {
  situation s;
  auto p = decide_write(s.request, s.view, s.loads);
  EXPECT_EQ(p.what, action::serve);
  EXPECT_EQ(p.node, a);
  EXPECT_EQ(p.incarnation, 10U);
  EXPECT_FALSE(p.on_replica);
  s.loads[a].suspect = t(31);
  EXPECT_EQ(decide_write(s.request, s.view, s.loads).what, action::await_node)
      << "a connection to it broke since it was asked";
  s.loads[a].suspect = never;
  s.without(a);
  EXPECT_EQ(decide_write(s.request, s.view, s.loads).what, action::await_node);
}

// Rule 9; the gate itself is in gate_test.cpp.
TEST(decide_write, waits_at_the_gate) {
  situation s;
  s.request.need.level = session;
  read(b, 20, 34)(s);
  s.view.all_shown_through = never;
  auto p = decide_write(s.request, s.view, s.loads);
  EXPECT_EQ(p.what, action::await_proof);
  EXPECT_EQ(static_cast<int>(p.proof_of), static_cast<int>(shown_by::one_node));
  EXPECT_EQ(p.best, b);
  EXPECT_EQ(p.since, t(34));
  EXPECT_EQ(p.deadline, never) << "how long is the caller's business";
  s.view.nodes[b].shown_through = t(34);
  EXPECT_EQ(decide_write(s.request, s.view, s.loads).what, action::serve);
}

TEST(decide_read, takes_another_replica_before_it_waits_at_the_gate) {
  situation s;
  s.request.need.level = session;
  read(c, 30, 15)(s);
  s.without(c);
  s.view.all_shown_through = never;
  EXPECT_EQ(s.decide().node, b);
}

TEST(decide_read, waits_at_the_gate_for_a_while_and_takes_the_next_step_then) {
  const steps lists[] = {{{step::kind::primary}, {step::kind::stale}}, {{step::kind::primary}}};
  for (const auto& list : lists) {
    situation s;
    s.request.need.level = session;
    s.request.need.on_stale = &list;
    read(b, 20, 34)(s);
    s.put(b, node_role::replica, 120, 21);
    s.view.all_shown_through = never;
    auto p = s.decide();
    EXPECT_EQ(p.what, action::await_proof);
    EXPECT_EQ(static_cast<int>(p.proof_of), static_cast<int>(shown_by::anybody));
    EXPECT_EQ(p.deadline, s.now + std::chrono::seconds(1));
    s.now += std::chrono::seconds(1);
    p = s.decide();
    EXPECT_EQ(p.what, list.size() == 1 ? action::await_proof : action::serve);
    if (list.size() == 1) {
      EXPECT_EQ(p.deadline, never);
    } else {
      EXPECT_EQ(to_string(p.reason), "stale");
    }
  }
}

// Rule 5: where a replica's own word will do, the primary need not be asked, nor be there.
TEST(decide_read, is_content_with_what_a_replica_had_received) {
  situation s;
  s.request.need.level = causal;
  s.domain.reads[b] = {t(34), 20};
  s.view.nodes[b].received = 140;
  s.loads[c].outstanding = 0;
  s.without(a);
  s.view.nodes[b].usable = false;
  auto p = s.decide();
  EXPECT_EQ(p.what, action::await_sample);
  EXPECT_TRUE(p.replicas_do);
  s.view.nodes[b].received_by.record(20, t(34.5), 140);
  p = s.decide();
  EXPECT_EQ(p.what, action::serve);
  EXPECT_EQ(p.node, c);
  s.view.nodes[b].received_by = {};
  s.domain.written = t(34);
  p = s.decide();
  EXPECT_FALSE(p.replicas_do) << "of a write only the primary can tell";
}

TEST(decide_read, leaves_a_replica_that_died_with_the_primary_for_one_that_has_received_as_much) {
  situation s;
  s.request.need.level = session;
  read(b, 20, 34)(s);
  s.view.nodes[b].received_by.record(20, t(34.5), 140);
  s.without(a).without(b);
  auto p = s.decide();
  EXPECT_EQ(p.what, action::serve);
  EXPECT_EQ(p.node, c);
  s.floors.has_read(c, 30, t(36), true);
  s.view.nodes[b].received_by = {};
  EXPECT_EQ(s.decide().node, c) << "the bound is the session's own by now";
}

TEST(decide_anywhere, takes_any_node_that_can_be_used_the_primary_first) {
  situation s;
  EXPECT_EQ(decide_anywhere(s.view, s.loads).node, a);
  EXPECT_EQ(decide_anywhere(s.view, s.loads, a).node, b);
  s.without(a);
  EXPECT_EQ(decide_anywhere(s.view, s.loads).node, b);
  EXPECT_TRUE(decide_anywhere(s.view, s.loads).on_replica);
  s.without(b).without(c);
  EXPECT_EQ(decide_anywhere(s.view, s.loads).what, action::await_node);
}

}  // namespace
}  // namespace highwater::routing
