#include "proxy/monitor/shown_proof.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using routing::instant;
using routing::lsn;
using routing::never;
using routing::shown_by;
using ids = std::vector<transaction_id>;

constexpr routing::node_index a = 0, b = 1, c = 2;

constexpr instant t(int milliseconds) {
  return instant(std::chrono::hours(1)) + std::chrono::milliseconds(milliseconds);
}

struct shown_proof_of_three : testing::Test {
  shown_proof_of_three() { proof.primary_began(); }

  // "xmin:xmax:running", and when it was asked for.
  shown_proof_of_three& primary(int sent, const std::string& snapshot,
                                const std::optional<ids>& census = std::nullopt) {
    proof.primary_said(t(sent), snapshot, parse_snapshot(snapshot).value(), census);
    return *this;
  }
  shown_proof_of_three& replica(int sent, const std::optional<ids>& committed, lsn at = 0,
                                routing::node_index node = b) {
    asked(sent, node);
    return answers(sent, committed, at, node);
  }
  void asked(int sent, routing::node_index node = b) { proof.question(node, false, t(sent)); }
  shown_proof_of_three& answers(int sent, const std::optional<ids>& committed, lsn at = 0,
                                routing::node_index node = b) {
    proof.replica_said(node, t(sent), at, committed);
    return *this;
  }

  shown_proof proof{3, {std::chrono::milliseconds(1), std::chrono::milliseconds(50)}};
};

TEST_F(shown_proof_of_three, have_shown_nothing_that_is_known_at_first) {
  EXPECT_EQ(proof.through(b), never);
  EXPECT_EQ(proof.through_all(), never);
  EXPECT_EQ(proof.at(), 0U);
  EXPECT_EQ(proof.unshown(b), 0U);
}

TEST_F(shown_proof_of_three, are_proved_at_once_where_nothing_is_running) {
  primary(10, "7:7:").replica(20, ids{});
  EXPECT_EQ(proof.through(b), t(20)) << "up to when the replica was asked, not when it answered";
  EXPECT_EQ(proof.through(c), never);
}

TEST_F(shown_proof_of_three, are_proved_when_what_was_committed_there_has_ended) {
  primary(10, "5:9:5,7").replica(20, ids{7, 9});
  EXPECT_EQ(proof.through(b), never);
  EXPECT_EQ(proof.unshown(b), 7U);
  primary(30, "5:9:5,7");
  EXPECT_EQ(proof.through(b), never);
  primary(40, "5:9:5");
  EXPECT_EQ(proof.through(b), never) << "9 is at its xmax";
  EXPECT_EQ(proof.unshown(b), 9U);
  primary(50, "5:10:5,9");
  EXPECT_EQ(proof.through(b), never) << "9 is running";
  primary(60, "5:10:5");
  EXPECT_EQ(proof.through(b), t(20)) << "5 was not committed there";
  EXPECT_EQ(proof.unshown(b), 0U);
}

// It does not matter which of the two was asked first.
TEST_F(shown_proof_of_three, are_proved_by_a_snapshot_that_is_there_already) {
  primary(10, "5:9:5,7");
  asked(20);
  primary(15, "5:12:5").answers(20, ids{7, 9, 10});
  EXPECT_EQ(proof.through(b), t(20));
}

TEST_F(shown_proof_of_three, make_progress_however_quickly_new_answers_come) {
  primary(10, "5:9:5,7").replica(20, ids{7}).replica(30, ids{7, 9}).replica(40, ids{7, 11});
  primary(50, "5:10:5");
  EXPECT_EQ(proof.through(b), t(20));
  primary(60, "5:12:5");
  EXPECT_EQ(proof.through(b), t(40)) << "the newest of those that were waiting";
}

TEST_F(shown_proof_of_three, do_not_fall_back_when_an_older_answer_comes_to_its_end) {
  primary(10, "5:9:5,7").replica(20, ids{7}).replica(30, ids{});
  EXPECT_EQ(proof.through(b), t(30));
  primary(40, "5:9:5");
  EXPECT_EQ(proof.through(b), t(30));
}

TEST_F(shown_proof_of_three, prove_nothing_without_an_answer_about_ids) {
  primary(10, "7:7:").replica(20, std::nullopt);
  EXPECT_EQ(proof.through(b), never);
}

// An id that was lost in a crash is used again.
TEST_F(shown_proof_of_three, prove_nothing_about_another_life_of_the_primary) {
  primary(10, "5:9:5,7").replica(20, ids{7});
  asked(30);
  proof.primary_began();
  EXPECT_EQ(proof.through(b), never);
  primary(40, "9:9:");
  EXPECT_EQ(proof.through(b), never) << "what was waiting is forgotten";
  answers(30, ids{});
  EXPECT_EQ(proof.through(b), never) << "it was asked about the ids of the life before";
  replica(50, ids{});
  EXPECT_EQ(proof.through(b), t(50));
  proof.primary_began();
  EXPECT_EQ(proof.through(b), never);
}

TEST_F(shown_proof_of_three, prove_nothing_about_another_life_of_the_replica) {
  primary(10, "5:9:5,7").replica(20, ids{}, 100).replica(25, ids{7}, 100);
  proof.replica_began(b);
  EXPECT_EQ(proof.through(b), never);
  primary(30, "9:9:");
  EXPECT_EQ(proof.through(b), never);
  replica(40, ids{}, 90);
  EXPECT_EQ(proof.through(b), t(40));
  EXPECT_EQ(proof.at(), 0U) << "the life before was there, this one is not yet known to have been anywhere";
}

TEST_F(shown_proof_of_three, show_the_wal_up_to_where_a_replica_was_in_the_answer_before) {
  primary(10, "7:7:").replica(20, ids{}, 100);
  EXPECT_EQ(proof.at(), 0U) << "rule 4: it is younger than the snapshot beside it";
  replica(30, ids{}, 200);
  EXPECT_EQ(proof.at(), 100U);
  replica(40, ids{7}, 300);
  EXPECT_EQ(proof.at(), 100U);
  primary(50, "8:8:");
  EXPECT_EQ(proof.at(), 200U);
  replica(60, ids{}, 50, c).replica(70, ids{}, 60, c);
  EXPECT_EQ(proof.at(), 200U) << "the highest";
  proof.primary_began();
  EXPECT_EQ(proof.at(), 0U);
}

// Lives that cannot be asked.
TEST_F(shown_proof_of_three, are_proved_by_a_census_of_the_primary) {
  proof.need(shown_by::anybody, routing::no_node, t(15), t(16));
  EXPECT_TRUE(proof.question(a, true, t(20)).census);
  primary(20, "5:9:5,7", ids{5, 7, 9, 11});
  EXPECT_EQ(proof.through_all(), never);
  EXPECT_EQ(proof.unshown(), 5U);
  primary(30, "5:12:5", ids{5});
  EXPECT_EQ(proof.through_all(), never);
  primary(40, "5:12:5", ids{});
  EXPECT_EQ(proof.through_all(), t(40)) << "5 was seen at something else";
  EXPECT_FALSE(proof.question(a, true, t(50)).census) << "nobody needs one any more";
}

TEST_F(shown_proof_of_three, are_proved_by_a_census_up_to_when_it_was_asked_for) {
  proof.need(shown_by::anybody, routing::no_node, t(15), t(16));
  primary(20, "5:9:5", ids{5});
  primary(30, "6:9:");
  EXPECT_EQ(proof.through_all(), t(20));
}

TEST_F(shown_proof_of_three, ask_both_at_once_and_then_who_has_to_speak_next) {
  const auto now = t(30);
  primary(10, "5:9:5,7").replica(20, ids{});
  EXPECT_EQ(proof.wish(b, false, now).since, never);
  proof.need(shown_by::one_node, b, t(25), now);
  EXPECT_EQ(proof.wish(b, false, now).since, t(25));
  EXPECT_EQ(proof.wish(c, false, now).since, never);
  EXPECT_EQ(proof.wish(a, true, now).since, t(25));
  EXPECT_EQ(proof.wish(a, true, now).at, instant::max());
  replica(30, ids{7});
  EXPECT_EQ(proof.wish(b, false, now).since, t(25)) << "which is asked for already";
  EXPECT_EQ(proof.wish(a, true, now).at, t(11)) << "as soon as it may be asked again";
  primary(40, "5:9:5,7");
  EXPECT_EQ(proof.wish(a, true, now).at, t(45)) << "the longer it takes, the less often";
  primary(100, "5:9:5,7");
  EXPECT_EQ(proof.wish(a, true, now).at, t(135));
  primary(190, "5:9:5,7");
  EXPECT_EQ(proof.wish(a, true, now).at, t(240)) << "down to the ordinary beat";
  primary(200, "5:9:5");
  EXPECT_EQ(proof.through(b), t(30));
  EXPECT_EQ(proof.wish(b, false, now).since, never);
  EXPECT_EQ(proof.wish(a, true, now).at, instant::max());
}

TEST_F(shown_proof_of_three, are_asked_by_turns_while_there_are_too_many_ids) {
  const auto now = t(30);
  primary(10, "5:9:5,7");
  proof.need(shown_by::one_node, b, t(25), now);
  replica(30, std::nullopt);
  EXPECT_EQ(proof.wish(a, true, now).since, t(30)) << "a younger snapshot first";
  primary(40, "5:90000:5");
  EXPECT_EQ(proof.wish(b, false, now).since, t(40)) << "and then the replica about it";
  replica(50, ids{});
  EXPECT_EQ(proof.through(b), t(50));
}

TEST_F(shown_proof_of_three, ask_for_nobody_who_has_gone_away) {
  proof.need(shown_by::one_node, b, t(25), t(30));
  EXPECT_EQ(proof.wish(b, false, t(30)).since, t(25));
  EXPECT_EQ(proof.wish(b, false, t(30'000)).since, never);
  proof.need(shown_by::replicas, routing::no_node, t(26), t(40'000));
  EXPECT_EQ(proof.wish(b, false, t(40'000)).since, t(26));
  EXPECT_EQ(proof.wish(c, false, t(40'000)).since, t(26));
}

TEST(transaction_snapshot, is_read_as_the_server_prints_it) {
  const auto found = parse_snapshot("1000:1009:1000,1003");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->xmax, 1009U);
  EXPECT_EQ(found->running, (ids{1000, 1003}));
  EXPECT_EQ(parse_snapshot("9:9:").value().running, ids{});
  for (const char* bad : {"", "9", "9:9", "9:x:", "9:9:x", ":::", "9:9:1,,2"}) EXPECT_FALSE(parse_snapshot(bad)) << bad;
}

TEST(transaction_snapshot, tells_what_has_ended) {
  const auto shown = parse_snapshot("5:9:5,7").value();
  for (const transaction_id id : {3, 4, 6, 8}) EXPECT_TRUE(shown.has_ended(id)) << id;
  for (const transaction_id id : {5, 7, 9, 10}) EXPECT_FALSE(shown.has_ended(id)) << id;
}

TEST(with_epoch, finds_the_id_that_is_meant) {
  constexpr transaction_id turn = transaction_id{1} << 32U;
  EXPECT_EQ(with_epoch(7, 9), 7U);
  EXPECT_EQ(with_epoch(9, 7), 9U);
  EXPECT_EQ(with_epoch(7, 3 * turn + 9), 3 * turn + 7);
  EXPECT_EQ(with_epoch(0xFFFFFFF0U, 3 * turn + 9), 2 * turn + 0xFFFFFFF0U) << "before the turn";
  EXPECT_EQ(with_epoch(5, 3 * turn - 3), 3 * turn + 5) << "behind it";
}

}  // namespace
}  // namespace highwater::proxy
