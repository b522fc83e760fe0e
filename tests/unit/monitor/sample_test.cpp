#include "proxy/monitor/sample.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using routing::node_role;

const routing::instant sent{std::chrono::hours(1)};
const routing::wal_geometry usual;

TEST(read_identity, takes_a_servers_word) {
  const auto who = read_identity(
      {"7300000000000000001", "2024-05-01 12:00:00+00", "8192", "16777216", "3", "now", "1714557600123456"});
  ASSERT_TRUE(who);
  EXPECT_EQ(who->system, 7300000000000000001U);
  EXPECT_EQ(who->started, "2024-05-01 12:00:00+00");
  EXPECT_EQ(who->wal.page, 8192U);
  EXPECT_EQ(who->wal.segment, 16'777'216U);
  EXPECT_EQ(who->control_timeline, 3U);
  EXPECT_EQ(who->recovered, "now");
  EXPECT_EQ(who->started_us, 1714557600123456);
}

TEST(read_identity, refuses_half_an_answer) {
  const sample_row rows[] = {
      {},
      {"1", "then", "8192", "16777216", "3"},
      {"1", "then", "8192", "16777216", "3", "now", "1", "more"},
      {nullptr, "then", "8192", "16777216", "3", "now", "1"},
      {"1", nullptr, "8192", "16777216", "3", "now", "1"},
      {"1", "then", nullptr, "16777216", "3", "now", "1"},
      {"1", "then", "8192", nullptr, "3", "now", "1"},
      {"1", "then", "8192", "16777216", nullptr, "now", "1"},
      {"1", "then", "8192", "16777216", "3", "now", nullptr},
      {"x", "then", "8192", "16777216", "3", "now", "1"},
      {"-1", "then", "8192", "16777216", "3", "now", "1"},
      {"1", "then", "0", "16777216", "3", "now", "1"},
      {"1", "then", "8192", "0", "3", "now", "1"},
      {"1", "then", "8 kB", "16777216", "3", "now", "1"},
      {"18446744073709551616", "then", "8192", "16777216", "3", "now", "1"},
  };
  for (const auto& each : rows) EXPECT_FALSE(read_identity(each));
}

TEST(read_sample, of_a_primary_is_its_normalised_insert_position) {
  const auto found = read_sample(
      {"f", "0/3002018", "0000000A", nullptr, nullptr, nullptr, "5:9:5,7", nullptr, nullptr, "f", "0/3001F00"}, usual,
      sent);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->role, node_role::primary);
  EXPECT_EQ(found->flushed, 0x3001F00U);
  EXPECT_EQ(found->at, 0x3002000U);
  EXPECT_EQ(found->timeline, 10U);
  EXPECT_EQ(found->received, 0U);
  EXPECT_EQ(found->sent, sent);
}

TEST(read_sample, of_a_replica_is_what_it_has_replayed) {
  const auto found = read_sample(
      {"t", nullptr, nullptr, "2", "0/3002018", "0/3004000", "9:9:", "5,7", nullptr, "f", nullptr}, usual, sent);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->role, node_role::replica);
  EXPECT_EQ(found->at, 0x3002018U) << "a replay position is taken as it is";
  EXPECT_EQ(found->received, 0x3004000U);
  EXPECT_EQ(found->timeline, 2U);
}

TEST(read_sample, of_a_replica_that_does_not_stream) {
  const auto found = read_sample(
      {"t", nullptr, nullptr, nullptr, "0/3002018", nullptr, "9:9:", nullptr, nullptr, "f", nullptr}, usual, sent);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->received, 0U);
  EXPECT_EQ(found->timeline, 0U);
}

// Rule 12: a replica that was promoted keeps a frozen replay position.
TEST(read_sample, looks_at_the_role_before_the_position) {
  const auto found =
      read_sample({"f", "0/5000100", "00000002", "1", "0/4000000", "0/4000000", "9:9:", nullptr, nullptr, "f", nullptr},
                  usual, sent);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->role, node_role::primary);
  EXPECT_EQ(found->at, 0x5000100U);
  EXPECT_EQ(found->timeline, 2U);
}

// Rule 5
TEST(read_sample, takes_what_was_received_for_a_bound_where_it_is_one) {
  struct row {
    const char* why;
    const char* timeline;
    const char* received;
    const char* no_archive;
    bool bounds;
  };
  for (const auto& each : {row{"it streams", "2", "0/3002018", "f", true}, row{"", "2", "0/3004000", "t", true},
                           row{"more was shown than was received", "2", "0/3002017", "f", false},
                           row{"who knows where it replays from", nullptr, "0/3004000", "f", false},
                           row{"there is no archive", nullptr, "0/3004000", "t", true},
                           row{"it does not say", nullptr, "0/3004000", nullptr, false},
                           row{"before it has ever streamed", nullptr, nullptr, "t", false}}) {
    const auto found = read_sample({"t", nullptr, nullptr, each.timeline, "0/3002018", each.received, "9:9:", "",
                                    nullptr, each.no_archive, nullptr},
                                   usual, sent);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->received != 0, each.bounds) << each.why;
  }
}

TEST(read_sample, takes_what_was_asked_about_transactions) {
  const auto replica =
      read_sample({"t", nullptr, nullptr, "2", "0/1", "0/2", "9:9:", "7,5", nullptr, "f", nullptr}, usual, sent);
  ASSERT_TRUE(replica);
  EXPECT_EQ(replica->snapshot.xmax, 9U);
  EXPECT_EQ(replica->committed, (std::vector<transaction_id>{5, 7}));
  const auto none =
      read_sample({"t", nullptr, nullptr, "2", "0/1", "0/2", "9:9:", "", nullptr, "f", nullptr}, usual, sent);
  EXPECT_EQ(none->committed, std::vector<transaction_id>{}) << "asked, and none is";
  const auto primary = read_sample(
      {"f", "0/1", "00000001", nullptr, nullptr, nullptr, "5:8589934599:5", nullptr, "6,4294967295", "f", nullptr},
      usual, sent);
  ASSERT_TRUE(primary);
  EXPECT_EQ(primary->snapshot_text, "5:8589934599:5");
  EXPECT_FALSE(primary->committed);
  EXPECT_EQ(primary->census, (std::vector<transaction_id>{8589934591, 8589934598})) << "with the epoch";
}

TEST(read_sample, refuses_what_proves_nothing) {
  const sample_row rows[] = {
      {},
      {"t", nullptr, nullptr, "1", "0/1", "0/1", "9:9:", nullptr, nullptr},
      {nullptr, "0/1", "00000001", "1", "0/1", "0/1", "9:9:", nullptr, nullptr, "f", nullptr},
      {"f", nullptr, "00000001", nullptr, nullptr, nullptr, "9:9:", nullptr, nullptr, "f", nullptr},
      {"f", "0/1", nullptr, nullptr, nullptr, nullptr, "9:9:", nullptr, nullptr, "f", nullptr},
      {"f", "0/1", "G", nullptr, nullptr, nullptr, "9:9:", nullptr, nullptr, "f", nullptr},
      {"f", "nonsense", "00000001", nullptr, nullptr, nullptr, "9:9:", nullptr, nullptr, "f", nullptr},
      {"f", nullptr, nullptr, "1", "0/1", "0/1", "9:9:", nullptr, nullptr, "f", nullptr},
      {"t", "0/1", "00000001", "1", nullptr, "0/1", "9:9:", nullptr, nullptr, "f", nullptr},
      {"t", nullptr, nullptr, "1", "nonsense", "0/1", "9:9:", nullptr, nullptr, "f", nullptr},
      {"f", "0/1", "00000001", nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, "f", nullptr},
      {"f", "0/1", "00000001", nullptr, nullptr, nullptr, "9", nullptr, nullptr, "f", nullptr},
  };
  for (const auto& each : rows) EXPECT_FALSE(read_sample(each, usual, sent));
}

}  // namespace
}  // namespace highwater::proxy
