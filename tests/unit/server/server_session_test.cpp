#include "proxy/server/server_session.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using wire::reply_kind;
using namespace std::chrono_literals;

constexpr routing::instant now = routing::instant(std::chrono::hours(1));

TEST(server_name, has_room_for_every_number) {
  EXPECT_EQ(std::string_view(server_name(7)), "_highwater_7");
  EXPECT_EQ(std::string_view(server_name(UINT64_MAX)), "_highwater_18446744073709551615");
}

TEST(server_session, is_proved_by_a_sample_that_was_sent_after_it_stood) {
  struct row {
    const char* why;
    routing::duration sampled;
    std::int64_t started;
    bool proved;
  };
  const row rows[] = {
      {"sent before", -1ms, 500, false},
      {"sent at the same moment", 0ms, 500, false},
      {"sent after", 1ms, 500, true},
      {"... but of another server (rule 25)", 1ms, 501, false},
      {"... that did not say when it started", 1ms, 0, true},
  };
  for (const auto& each : rows) {
    server_session one(1);
    one.logged_in({{}, {}, 500, now});
    routing::node_view node;
    node.incarnation = 7;
    node.sampled = now + each.sampled;
    node.started = each.started;
    EXPECT_EQ(one.prove(node), each.proved) << each.why;
    EXPECT_EQ(one.proved(), each.proved ? 7U : 0U) << each.why;
    node.incarnation = 8;
    node.sampled = now + 1h;
    one.prove(node);
    if (each.proved) {
      EXPECT_EQ(one.proved(), 7U) << "the life that it belongs to stays what it is";
    }
  }
}

TEST(server_session, knows_what_it_holds_when_all_that_was_sent_is_done) {
  server_session one(0);
  one.statements().add(5);
  one.expect({reply_kind::parse, true, 0, 5});
  EXPECT_TRUE(one.owes());
  EXPECT_TRUE(one.is_open()) << "no Sync has ended it";
  EXPECT_TRUE(one.statements().knows(5));
  one.skipped({reply_kind::parse, true, 0, 5}, true);
  EXPECT_FALSE(one.statements().knows(5)) << "its Parse has failed";
  one.statements().add(6);
  one.statements().parsed(6);
  one.statements().close(6, 0);
  one.skipped({reply_kind::close, true, 0, 6}, false);
  EXPECT_TRUE(one.statements().knows(6)) << "the Close was passed over";
}

TEST(server_session, forgets_what_a_discard_takes_away) {
  server_session one(0);
  one.statements().add(5);
  one.assume(std::make_shared<const session_settings>(session_settings{{"search_path", "x"}}));
  one.soil();
  one.discarding();
  EXPECT_FALSE(one.statements().knows(5));
  EXPECT_TRUE(one.settings()->empty());
  EXPECT_FALSE(one.is_soiled());
  one.soil_for_good();
  one.discarded();
  EXPECT_TRUE(one.is_soiled_for_good()) << "only its end takes that away";
}

TEST(server_session, closes_what_was_used_longest_ago) {
  server_session one(0);
  for (statement_id id = 1; id <= 3; ++id) one.statements().add(id);
  EXPECT_TRUE(one.statements().knows(1));
  std::string out;
  one.close_surplus(2, out);
  EXPECT_FALSE(one.statements().knows(2));
  EXPECT_TRUE(one.statements().knows(1));
  EXPECT_NE(out.find(server_name(2)), std::string::npos);
  EXPECT_TRUE(one.owes());
}

// ... and of what closes it: the Close may be passed over, with the exchange that it belongs to.
TEST(server_session, doubts_what_another_exchange_decides) {
  server_session one(0);
  one.add_statement(5);
  EXPECT_FALSE(one.in_doubt(5));
  one.expect({reply_kind::sync});
  EXPECT_TRUE(one.in_doubt(5));
  one.completed({reply_kind::parse, true, 0, 5});
  EXPECT_FALSE(one.in_doubt(5));
  std::string out;
  one.close_surplus(0, out);
  EXPECT_FALSE(one.in_doubt(5)) << "whoever prepares it behind that, in the same exchange, may";
  one.expect({reply_kind::sync});
  EXPECT_TRUE(one.in_doubt(5));
  one.completed({reply_kind::close, true, 0, 5});
  EXPECT_FALSE(one.in_doubt(5));
  EXPECT_FALSE(one.in_doubt(6)) << "never heard of";
}

TEST(server_session, goes_along_whole) {
  server_session one(3);
  one.logged_in({{42, 43}, {{"TimeZone", "UTC"}}, 500, now});
  one.begin(now - 1s);
  one.statements().add(5);
  one.written(99);
  one.assume(std::make_shared<const session_settings>(session_settings{{"role", "x"}}));
  one.expect({reply_kind::parse, false, 0, 8, true});
  one.expect({reply_kind::describe_statement, true, 0, 8});
  wire::frame row;
  row.type = wire::backend::no_data;
  one.described({reply_kind::describe_statement, true, 0, 8}, row);
  ASSERT_NE(one.unnamed_described(), nullptr);
  auto moved = std::move(one);
  EXPECT_EQ(moved.node(), 3U);
  EXPECT_EQ(moved.key().process, 42U);
  EXPECT_EQ(moved.server_started(), 500);
  EXPECT_EQ(moved.begun(), now - 1s);
  EXPECT_TRUE(moved.statements().knows(5));
  EXPECT_EQ(moved.last_write(), 99U);
  EXPECT_EQ(moved.settings()->size(), 1U);
  EXPECT_EQ(moved.unnamed(), 8U);
  EXPECT_NE(moved.unnamed_described(), nullptr) << "or a client would misread the rows of now";
}

TEST(server_session, digests_what_it_reports) {
  server_session one(0);
  one.logged_in({{}, {{"TimeZone", "UTC"}}, 0, now});
  const auto before = one.reported();
  one.note_parameter("TimeZone", "CET");
  EXPECT_NE(one.reported(), before);
  one.note_parameter("TimeZone", "UTC");
  EXPECT_EQ(one.reported(), before);
}

}  // namespace
}  // namespace highwater::proxy
