#include "proxy/monitor/cluster_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using routing::instant;
using routing::lsn;
using routing::no_node;
using routing::node_index;
using routing::node_role;
using news = cluster_news::kind;

constexpr std::uint64_t ours = 77, foreign = 88;
constexpr node_index a = 0, b = 1, c = 2;

constexpr instant t(int milliseconds) {
  return instant(std::chrono::hours(1)) + std::chrono::milliseconds(milliseconds);
}

struct three_nodes : testing::Test {
  three_nodes& began(node_index node, std::uint64_t system = ours, routing::timeline_id timeline = 1, int at = 0) {
    state.began(node, {system, "then", {}, timeline}, t(at));
    return *this;
  }
  three_nodes& primary(node_index node, lsn at, int sent, routing::timeline_id timeline = 1) {
    state.sampled(node, {t(sent), node_role::primary, timeline, at, 0});
    return *this;
  }
  three_nodes& replica(node_index node, lsn at, int sent, routing::timeline_id timeline = 1) {
    state.sampled(node, {t(sent), node_role::replica, timeline, at, at});
    return *this;
  }
  three_nodes& lost(node_index node) {
    state.lost(node);
    return *this;
  }
  routing::cluster_view view() { return *state.publish(); }
  // "primary_found 0, node_up 0", since the last call.
  std::vector<std::pair<news, node_index>> told() {
    state.publish();
    std::vector<std::pair<news, node_index>> all;
    for (const auto& one : state.take_news()) all.emplace_back(one.what, one.node);
    return all;
  }
  // a leads, b and c follow.
  void all_well() {
    began(a).began(b).began(c).primary(a, 1'000, 10).replica(b, 900, 11).replica(c, 1'000, 12);
    told();
  }

  config::monitor settings;
  cluster_state state{3, settings};
};

TEST_F(three_nodes, are_unknown_at_first) {
  const auto v = view();
  EXPECT_FALSE(v.has_primary());
  EXPECT_FALSE(v.settled);
  ASSERT_EQ(v.nodes.size(), 3U);
  for (const auto& node : v.nodes) EXPECT_FALSE(node.usable);
}

TEST_F(three_nodes, prove_their_roles) {
  all_well();
  const auto v = view();
  EXPECT_EQ(v.primary, a);
  EXPECT_EQ(v.system, ours);
  EXPECT_EQ(v.timeline, 1U);
  EXPECT_TRUE(v.settled);
  EXPECT_TRUE(v.nodes[a].usable && v.nodes[b].usable && v.nodes[c].usable);
  EXPECT_EQ(v.nodes[b].role, node_role::replica);
  EXPECT_EQ(v.nodes[b].replayed, (routing::position{ours, 1, 900}));
  EXPECT_EQ(v.nodes[b].sampled, t(11));
  EXPECT_EQ(v.history.covering(t(10)), lsn{1'000});
}

TEST_F(three_nodes, are_not_usable_by_their_identity_alone) {
  began(a).began(b);
  const auto v = view();
  EXPECT_FALSE(v.has_primary());
  EXPECT_FALSE(v.nodes[a].usable || v.nodes[b].usable);
}

// Who answers first may have been deposed by one that has not been asked yet.
TEST_F(three_nodes, have_no_primary_before_all_have_been_asked) {
  began(a).primary(a, 1'000, 1).began(b).replica(b, 1'000, 2);
  EXPECT_FALSE(view().has_primary());
  EXPECT_FALSE(view().nodes[a].usable);
  began(c, ours, 2).primary(c, 1'100, 3, 2);
  EXPECT_EQ(view().primary, c);
  EXPECT_EQ(view().history.covering(t(3)), lsn{1'100});
}

TEST_F(three_nodes, have_a_primary_where_the_others_do_not_answer) {
  began(a).primary(a, 1'000, 1).lost(b).lost(c);
  EXPECT_EQ(view().primary, a);
  EXPECT_EQ(view().history.covering(t(1)), lsn{1'000}) << "what it said before it was elected counts";
}

TEST_F(three_nodes, tell_what_has_changed_once) {
  lost(b).lost(c).began(a).primary(a, 1'000, 1);
  EXPECT_THAT(told(), testing::ElementsAre(std::pair(news::primary_found, a), std::pair(news::node_up, a)));
  primary(a, 1'100, 2);
  EXPECT_THAT(told(), testing::IsEmpty());
  lost(a);
  EXPECT_THAT(told(), testing::ElementsAre(std::pair(news::primary_lost, a), std::pair(news::node_down, a)));
}

TEST_F(three_nodes, count_their_views) {
  const auto first = view().version;
  EXPECT_EQ(view().version, first + 1);
}

TEST_F(three_nodes, begin_a_new_incarnation_with_every_connection) {
  all_well();
  const auto before = view();
  lost(b);
  EXPECT_EQ(view().nodes[b].incarnation, 0U);
  EXPECT_EQ(view().nodes[b].replayed.at, 0U);
  began(b, ours, 1, 50).replica(b, 700, 51);
  const auto after = view();
  EXPECT_NE(after.nodes[b].incarnation, before.nodes[b].incarnation);
  EXPECT_EQ(after.nodes[b].incarnation_began, t(50));
  EXPECT_EQ(after.nodes[b].replayed.at, 700U) << "rule 8: it may have gone back";
  EXPECT_EQ(after.nodes[c].incarnation, before.nodes[c].incarnation);
}

TEST_F(three_nodes, never_share_an_incarnation) {
  std::vector<routing::incarnation_id> seen;
  for (int round = 0; round < 3; ++round) {
    for (const auto node : {a, b, c}) {
      began(node).replica(node, 100, round);
      seen.push_back(view().nodes[node].incarnation);
    }
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST_F(three_nodes, know_how_old_is_what_they_show) {
  all_well();
  EXPECT_EQ(view().nodes[c].current_as_of, t(10));
  EXPECT_EQ(view().nodes[b].current_as_of, routing::never) << "it has not reached any sample yet";
  primary(a, 1'200, 20).primary(a, 1'400, 30).replica(b, 1'250, 31).replica(c, 1'400, 32);
  EXPECT_EQ(view().nodes[b].current_as_of, t(20));
  EXPECT_EQ(view().nodes[c].current_as_of, t(30));
  primary(a, 1'400, 40).replica(c, 1'400, 41);
  EXPECT_EQ(view().nodes[c].current_as_of, t(40)) << "an idle primary's replicas stay young";
}

TEST_F(three_nodes, forget_how_old_is_what_they_show_with_the_incarnation) {
  all_well();
  began(c, ours, 1, 50).replica(c, 500, 51);
  EXPECT_EQ(view().nodes[c].current_as_of, routing::never);
}

TEST_F(three_nodes, have_no_primary_where_two_claim_to_be) {
  all_well();
  began(b).primary(b, 1'000, 20).began(c).primary(c, 1'000, 21).lost(a);
  EXPECT_FALSE(view().has_primary());
  EXPECT_FALSE(view().nodes[b].usable || view().nodes[c].usable);
  lost(c);
  EXPECT_FALSE(view().has_primary()) << "it may go on being written to, as may the one that led";
  began(a).primary(a, 1'000, 30);
  EXPECT_EQ(view().primary, a) << "it was known before";
}

TEST_F(three_nodes, have_a_primary_again_when_all_others_say_that_they_are_none) {
  all_well();
  began(b).primary(b, 1'000, 20).lost(a);
  EXPECT_FALSE(view().has_primary()) << "a second claimant does not take over from one that falls silent";
  began(a).replica(a, 1'000, 30);
  EXPECT_EQ(view().primary, b);
  lost(b);
  EXPECT_FALSE(view().has_primary());
}

TEST_F(three_nodes, hold_no_claim_against_the_next_timeline) {
  all_well();
  began(b).primary(b, 1'000, 20).lost(a);
  primary(c, 1'050, 30, 2);
  EXPECT_EQ(view().primary, c);
}

TEST_F(three_nodes, keep_the_primary_that_they_have_against_a_second_one) {
  all_well();
  began(b).primary(b, 5'000, 20);
  EXPECT_EQ(view().primary, a);
  EXPECT_FALSE(view().nodes[b].usable);
}

// What somebody else says of its own WAL covers no write on the primary.
TEST_F(three_nodes, do_not_take_a_second_claimants_word_for_the_primarys_position) {
  all_well();
  began(b).primary(b, 500, 30);
  EXPECT_EQ(view().history.covering(t(20)), std::nullopt);
  primary(b, 9'000, 40);
  EXPECT_EQ(view().history.newest().at, 1'000U);
  EXPECT_EQ(view().history.newest().sent, t(10));
}

// Rule 12: a deposed primary that still answers is not written to.
TEST_F(three_nodes, follow_the_newest_timeline) {
  all_well();
  primary(b, 1'050, 20, 2);
  auto v = view();
  EXPECT_EQ(v.primary, b);
  EXPECT_EQ(v.timeline, 2U);
  EXPECT_FALSE(v.nodes[a].usable) << "the old primary";
  EXPECT_FALSE(v.nodes[c].usable) << "a replica that has not followed yet";
  EXPECT_THAT(told(), testing::Contains(std::pair(news::old_primary, a)));
  replica(c, 1'060, 30, 2);
  EXPECT_TRUE(view().nodes[c].usable);
  primary(a, 2'000, 40);
  v = view();
  EXPECT_EQ(v.primary, b);
  EXPECT_FALSE(v.nodes[a].usable);
  EXPECT_EQ(v.history.newest().at, 1'050U) << "a deposed primary's position does not count";
}

TEST_F(three_nodes, do_not_write_to_the_old_primary_once_anybody_has_seen_a_newer_timeline) {
  all_well();
  replica(c, 1'010, 20, 2);
  EXPECT_FALSE(view().has_primary());
  EXPECT_TRUE(view().nodes[c].usable);
}

TEST_F(three_nodes, start_the_history_anew_with_the_timeline) {
  all_well();
  primary(b, 1'050, 20, 2);
  const auto v = view();
  ASSERT_EQ(v.history.samples().size(), 1U);
  EXPECT_EQ(v.history.samples()[0].at, 1'050U);
  EXPECT_EQ(v.history.covering(t(5)), lsn{1'050});
}

TEST_F(three_nodes, begin_a_new_life_when_promoted_over_the_same_connection) {
  all_well();
  const auto before = view().nodes[b].incarnation;
  primary(b, 1'050, 20, 2);
  EXPECT_NE(view().nodes[b].incarnation, before);
}

TEST_F(three_nodes, remember_the_timeline_that_a_replica_cannot_name) {
  lost(c).began(a).began(b, ours, 3).primary(a, 1'000, 1, 3).replica(b, 1'000, 2, 0);
  EXPECT_TRUE(view().nodes[b].usable);
  EXPECT_EQ(view().nodes[b].replayed.timeline, 3U);
}

TEST_F(three_nodes, do_not_use_one_of_another_system) {
  all_well();
  began(c, foreign, 9).replica(c, 99'999, 20, 9);
  auto v = view();
  EXPECT_FALSE(v.nodes[c].usable);
  EXPECT_EQ(v.timeline, 1U) << "its timeline is none of ours";
  EXPECT_THAT(told(), testing::Contains(std::pair(news::foreign_system, c)));
  EXPECT_THAT(told(), testing::IsEmpty()) << "said once";
  lost(a).began(c, foreign, 9).primary(c, 99'999, 30, 9);
  v = view();
  EXPECT_FALSE(v.has_primary());
  EXPECT_EQ(v.system, ours);
}

// A logical subscriber, say, that is listed by mistake and answers first.
TEST_F(three_nodes, belong_to_the_system_of_most_of_them) {
  began(c, foreign, 9).primary(c, 99'999, 1, 9);
  EXPECT_FALSE(view().has_primary());
  EXPECT_EQ(view().system, 0U);
  began(a).primary(a, 1'000, 2);
  EXPECT_FALSE(view().has_primary());
  began(b).replica(b, 900, 3);
  const auto v = view();
  EXPECT_EQ(v.primary, a);
  EXPECT_EQ(v.system, ours);
  EXPECT_EQ(v.timeline, 1U);
  EXPECT_TRUE(v.nodes[b].usable);
  EXPECT_FALSE(v.nodes[c].usable);
  EXPECT_THAT(told(), testing::UnorderedElementsAre(std::pair(news::primary_found, a), std::pair(news::node_up, a),
                                                    std::pair(news::node_up, b), std::pair(news::foreign_system, c)));
}

TEST_F(three_nodes, count_one_that_has_gone_away_again) {
  began(a).primary(a, 1'000, 1).lost(a);
  began(b).replica(b, 900, 2).began(c, foreign).primary(c, 99'999, 3);
  EXPECT_EQ(view().system, ours);
  EXPECT_FALSE(view().has_primary());
}

TEST_F(three_nodes, are_not_used_while_as_many_belong_to_another_system) {
  began(a).primary(a, 1'000, 1).began(c, foreign).primary(c, 99'999, 2).lost(b);
  const auto v = view();
  EXPECT_EQ(v.system, 0U);
  EXPECT_FALSE(v.has_primary() || v.nodes[a].usable || v.nodes[c].usable);
  EXPECT_THAT(told(), testing::ElementsAre(std::pair(news::no_common_system, no_node)));
  primary(a, 1'100, 3);
  EXPECT_THAT(told(), testing::IsEmpty()) << "said once";
  began(b).replica(b, 1'100, 4);
  EXPECT_EQ(view().primary, a);
  EXPECT_THAT(told(), testing::Contains(std::pair(news::foreign_system, c)));
}

TEST_F(three_nodes, stay_with_the_system_that_was_chosen) {
  all_well();
  lost(a).began(b, foreign).replica(b, 1, 20).began(c, foreign).primary(c, 99'999, 21);
  EXPECT_EQ(view().system, ours);
  EXPECT_FALSE(view().has_primary());
}

TEST_F(three_nodes, serve_reads_without_a_primary_once_all_have_been_asked) {
  began(b, ours, 2).replica(b, 100, 1, 2);
  EXPECT_FALSE(view().nodes[b].usable) << "the primary may belong to another system";
  lost(a);
  EXPECT_FALSE(view().nodes[b].usable);
  lost(c);
  const auto v = view();
  EXPECT_TRUE(v.nodes[b].usable);
  EXPECT_EQ(v.system, ours);
  EXPECT_EQ(v.timeline, 2U);
}

TEST_F(three_nodes, find_their_primary_again) {
  all_well();
  lost(a);
  EXPECT_FALSE(view().has_primary());
  EXPECT_TRUE(view().nodes[b].usable) << "replicas go on";
  began(a, ours, 1, 40).primary(a, 1'500, 41);
  EXPECT_EQ(view().primary, a);
  EXPECT_EQ(view().history.covering(t(20)), lsn{1'500});
}

// Rule 8
TEST_F(three_nodes, that_come_back_are_used_when_they_have_replayed_what_they_had) {
  all_well();
  state.sampled(b, {t(15), node_role::replica, 1, 900, 950});
  lost(b);
  EXPECT_THAT(told(), testing::ElementsAre(std::pair(news::node_down, b)));
  began(b).replica(b, 700, 20);
  EXPECT_FALSE(view().nodes[b].usable);
  EXPECT_THAT(told(), testing::ElementsAre(std::pair(news::catching_up, b)));
  replica(b, 949, 21);
  EXPECT_FALSE(view().nodes[b].usable) << "it had received more";
  replica(b, 950, 22);
  EXPECT_TRUE(view().nodes[b].usable);
  replica(b, 940, 23);
  EXPECT_TRUE(view().nodes[b].usable) << "once is enough";
}

TEST_F(three_nodes, that_only_their_connection_was_lost_to_are_used_at_once) {
  const auto begins = [&](const std::string& recovered) { state.began(b, {ours, "then", {}, 1, recovered}, t(0)); };
  began(a).began(c).primary(a, 1'000, 10).replica(c, 1'000, 12);
  begins("then");
  replica(b, 900, 11).lost(b);
  begins("then");
  replica(b, 800, 20);
  EXPECT_TRUE(view().nodes[b].usable) << "its replay is paused";
  lost(b);
  begins("later");
  replica(b, 800, 30);
  EXPECT_FALSE(view().nodes[b].usable) << "its postmaster has seen it crash";
}

TEST_F(three_nodes, that_follow_a_new_timeline_owe_nothing_of_the_old_one) {
  all_well();
  lost(a).lost(b).lost(c);
  began(a, ours, 2).primary(a, 800, 20, 2).began(b, ours, 1).replica(b, 700, 21, 1);
  EXPECT_FALSE(view().nodes[b].usable) << "does not follow yet";
  replica(b, 700, 22, 2);
  EXPECT_TRUE(view().nodes[b].usable);
}

TEST_F(three_nodes, forget_where_the_primary_was_before_it_restarted) {
  all_well();
  lost(a).began(a).primary(a, 600, 20);
  EXPECT_EQ(view().history.covering(t(5)), lsn{600});
  EXPECT_EQ(view().history_began, t(20));
  const auto life = view().history_of;
  EXPECT_EQ(life, view().nodes[a].incarnation);
  lost(a);
  EXPECT_EQ(view().history.covering(t(5)), lsn{600}) << "until there is another";
  EXPECT_EQ(view().history_of, life);
}

// Rule 5
TEST_F(three_nodes, leave_bounds_behind_when_they_die) {
  all_well();
  replica(b, 900, 13);
  const auto life = view().nodes[b].incarnation;
  lost(b);
  EXPECT_EQ(view().nodes[b].received_by.covering(life, t(10)), lsn{900});
  began(b).replica(b, 950, 20);
  EXPECT_EQ(view().nodes[b].received_by.covering(life, t(10)), lsn{900});
}

// What is shown may be ahead of what it says it has replayed.
TEST_F(three_nodes, bound_reads_by_what_they_have_received) {
  all_well();
  const auto life = view().nodes[b].incarnation;
  state.sampled(b, {t(14), node_role::replica, 1, 900, 950});
  EXPECT_EQ(view().nodes[b].received_by.covering(life, t(14)), lsn{950});
  state.sampled(b, {t(15), node_role::replica, 1, 900, 0});
  EXPECT_EQ(view().nodes[b].received_by.covering(life, t(14)), lsn{950}) << "it does not stream";
  EXPECT_FALSE(view().nodes[b].received_by.covering(life, t(15)));
}

// Rule 9; more of it in shown_proof_test.cpp.
TEST_F(three_nodes, are_proved_for_one_life_of_each_end) {
  all_well();
  const auto proves = [&](int sent) {
    state.question(b, t(sent));
    node_sample sample{t(sent), node_role::replica, 1, 1'000, 1'000};
    sample.committed.emplace();
    state.sampled(b, sample);
  };
  const auto primary_says = [&](int sent) {
    node_sample sample{t(sent), node_role::primary, 1, 1'000, 0};
    sample.snapshot_text = "9:9:";
    sample.snapshot.xmax = 9;
    state.sampled(a, sample);
  };
  primary_says(20);
  proves(30);
  EXPECT_EQ(view().nodes[b].shown_through, t(30));
  EXPECT_EQ(view().nodes[c].shown_through, routing::never);
  lost(a);
  EXPECT_EQ(view().nodes[b].shown_through, routing::never);
  began(a);
  primary_says(40);
  EXPECT_EQ(view().nodes[b].shown_through, routing::never);
  proves(50);
  EXPECT_EQ(view().nodes[b].shown_through, t(50));
  lost(b).began(b).replica(b, 1'000, 60);
  EXPECT_EQ(view().nodes[b].shown_through, routing::never);
}

// Nodes come and go ------------------------------------------------------------------------------------------------

TEST_F(three_nodes, take_in_another_that_disturbs_nobody) {
  all_well();
  const auto before = view();
  constexpr node_index d = 3;
  state.add(d);
  EXPECT_EQ(view().nodes.size(), 4U);
  EXPECT_EQ(view().primary, a);
  EXPECT_FALSE(view().settled);
  began(d).replica(d, 900, 20);
  EXPECT_THAT(told(), testing::ElementsAre(std::pair(news::node_up, d)));
  EXPECT_TRUE(view().settled);
  EXPECT_EQ(view().nodes[b].incarnation, before.nodes[b].incarnation);
}

TEST_F(three_nodes, lose_one_that_nobody_waits_for) {
  all_well();
  state.retire(c);
  EXPECT_THAT(told(), testing::IsEmpty()) << "it is no news that it is not used";
  const auto without = view();
  EXPECT_TRUE(without.nodes[c].retired);
  EXPECT_FALSE(without.nodes[c].usable);
  EXPECT_EQ(without.nodes[c].role, node_role::unknown);
  EXPECT_EQ(without.nodes[c].incarnation, 0U);
  EXPECT_EQ(without.primary, a);
  EXPECT_TRUE(without.settled);
  state.add(c);
  began(c).replica(c, 1'000, 20);
  EXPECT_FALSE(view().nodes[c].retired);
  EXPECT_TRUE(view().nodes[c].usable);
  EXPECT_GT(view().nodes[c].incarnation, without.nodes[a].incarnation) << "in another life than before";
}

// Rule 12 for who leads by its own word: a node that is in the configuration no more has no say.
TEST_F(three_nodes, are_led_by_another_when_the_leader_is_taken_out) {
  all_well();
  state.retire(a);
  EXPECT_THAT(told(), testing::ElementsAre(std::pair(news::primary_lost, a)));
  EXPECT_FALSE(view().has_primary());
  constexpr node_index again = 3;  // at another address
  state.add(again);
  began(again).primary(again, 1'100, 30);
  EXPECT_EQ(view().primary, again) << "although the first has said of the same timeline that it leads";
}

TEST_F(three_nodes, are_led_by_nobody_new_before_those_who_are_new_have_been_asked) {
  all_well();
  constexpr node_index deposed = 3, newest = 4;
  state.retire(a);
  state.add(deposed);
  state.add(newest);
  began(deposed).primary(deposed, 1'100, 30);
  EXPECT_FALSE(view().has_primary());
  began(newest, ours, 2).primary(newest, 1'100, 31, 2);
  EXPECT_EQ(view().primary, newest);
}

TEST_F(three_nodes, belong_together_once_the_stray_is_taken_out) {
  began(a).began(b, foreign).primary(a, 1'000, 10).replica(b, 900, 11).lost(c);
  EXPECT_THAT(told(), testing::ElementsAre(std::pair(news::no_common_system, no_node)));
  state.retire(b);
  EXPECT_EQ(view().primary, a);
  EXPECT_EQ(view().system, ours);
}

TEST_F(three_nodes, are_the_same_server_under_another_address) {
  all_well();
  struct row {
    const char* why;
    std::int64_t started;
    bool leads;
  };
  for (const auto& each : {row{"the same start", 5'000, true}, row{"another", 6'000, false}}) {
    cluster_state of(1, settings);
    of.began(a, {ours, "then", {}, 1, {}, 5'000}, t(0));
    of.sampled(a, {t(10), node_role::primary, 1, 1'000, 0});
    of.publish();
    of.retire(a);
    EXPECT_FALSE(of.publish()->has_deposed(a)) << "nobody else is there";
    of.add(b);
    of.began(b, {ours, "then", {}, 1, {}, each.started}, t(20));
    of.sampled(b, {t(30), node_role::primary, 1, 1'000, 0});
    const auto found = of.publish();
    ASSERT_EQ(found->primary, b) << each.why;
    EXPECT_EQ(found->leads(a), each.leads) << each.why;
    EXPECT_EQ(found->has_deposed(a), !each.leads) << each.why;
  }
}

}  // namespace
}  // namespace highwater::proxy
