#include "proxy/client/refusals.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using config::level;

config::cluster two_nodes() {
  config::cluster made;
  made.nodes.resize(2);
  made.nodes[0].name = "a";
  made.nodes[1].name = "b";
  return made;
}

TEST(refusals, say_how_far_the_best_node_is) {
  struct row {
    routing::node_index best;
    routing::lsn floor, at;
    const char* says;
  };
  const row rows[] = {
      {routing::no_node, 0, 0, "Level strong; no replica can be used."},
      {routing::no_node, 0x20, 0, "Level strong needs position 0/20; no replica can be used."},
      {1, 0x20, 0x10, "Level strong needs position 0/20; the best node, b, is at 0/10, 16 bytes behind."},
      {1, 0x20, 0x20, "Level strong needs position 0/20; the best node, b, is at 0/20."},
  };
  for (const auto& each : rows) {
    routing::plan plan;
    plan.best = each.best;
    plan.floor = each.floor;
    plan.node_at = each.at;
    EXPECT_EQ(describe_distance(plan, level::strong, two_nodes()), each.says);
    const auto why = too_stale(plan, level::strong, two_nodes());
    EXPECT_EQ(why.code, "40001");
    EXPECT_EQ(why.detail, each.says);
  }
}

TEST(refusals, say_what_was_looked_for) {
  EXPECT_EQ(no_node({}).message, "no primary is known");
  EXPECT_EQ(no_node({true, false}).message, "no node of the cluster can be used");
  EXPECT_NE(no_node({false, true}).message.find("on_stale"), std::string::npos);
  for (const auto& each : {wanted_node{}, wanted_node{true, false}, wanted_node{false, true}})
    EXPECT_EQ(no_node(each).code, "57P03");
}

TEST(refusals, say_why_no_connection_came) {
  config::pool settings;
  settings.size = 7;
  settings.queue_timeout = std::chrono::milliseconds(50);
  const wire::error full{"53300", "too many clients already", "", ""};
  struct row {
    bool connecting;
    const wire::error* refusal;
    const char *code, *detail;
  };
  const row rows[] = {
      {false, nullptr, "53300", "All 7 connections of user \"u\" to database \"d\" on node a are in use."},
      {true, nullptr, "57P03", "One of user \"u\" to database \"d\" is being made."},
      {true, &full, "53300",
       "Node a accepts no more connections of user \"u\" to database \"d\": too many clients already."},
      {false, &full, "53300",
       "Node a accepts no more connections of user \"u\" to database \"d\": too many clients already."},
  };
  for (const auto& each : rows) {
    const auto why = queue_timeout({"u", "d", "a", each.connecting, each.refusal}, settings);
    EXPECT_EQ(why.code, each.code);
    EXPECT_EQ(why.detail, each.detail);
    EXPECT_NE(why.message.find("50 ms"), std::string::npos);
  }
}

TEST(refusals, say_what_may_have_been_lost) {
  struct row {
    const char* why;
    bool bound, unknown;
    wire::error said;
    const char* detail;
  };
  const row rows[] = {
      {"nothing", false, false, {"08006", "lost", "", ""}, ""},
      {"a transaction",
       true,
       false,
       {"08006", "lost", "", ""},
       "Nothing of an unfinished transaction has been committed."},
      {"perhaps a commit",
       true,
       true,
       {"08006", "lost", "", ""},
       "What was under way may have been committed: its outcome is unknown."},
      {"the server's own words", false, false, {"57P01", "terminating", "", ""}, "Said by node a."},
      {"... and what that means",
       true,
       false,
       {"57P01", "terminating", "", ""},
       "Said by node a. Nothing of an unfinished transaction has been committed."},
      {"what the server explains stands",
       true,
       true,
       {"57P01", "terminating", "Its own detail.", ""},
       "Its own detail."},
  };
  for (const auto& each : rows) {
    const auto told = told_of({"a", each.bound, each.unknown}, each.said);
    EXPECT_EQ(told.detail, each.detail) << each.why;
    EXPECT_EQ(told.code, each.said.code) << each.why;
  }
}

TEST(refusals, of_a_deposed_primary_say_whether_it_matters) {
  EXPECT_EQ(deposed({"a", true, false}).code, "57P01");
  EXPECT_EQ(deposed({"a", true, true}).code, "08006") << "drivers must not try it again";
  EXPECT_NE(deposed({"a", true, true}).detail.find("unknown"), std::string::npos);
}

TEST(refusals, answer_each_batch_that_was_under_way) {
  metrics::worker_probe probe{{3, 8, 10, 12, 6}};
  server_session server(1);
  routing::node_load load;
  client_state client;
  exchange one(probe);
  one.begin(server, nullptr, load);
  flight whole, ddl, part;
  ddl.schema = true;
  part.no_ready = true;
  for (const auto& each : {whole, ddl, part}) one.flights.push(each);
  client.names().add("s", {});
  const wire::error why{"08006", "lost", "", ""};
  std::string out, error, ready;
  answer_lost(one, client, why, out);
  wire::write_error(error, wire::severity::error, why);
  wire::write_ready_for_query(ready, wire::transaction_status::idle);
  EXPECT_EQ(out, error + ready + error + ready + error);
  EXPECT_TRUE(client.skip_to_sync) << "the last one's Sync is yet to come";
  EXPECT_TRUE(one.flights.empty());
  EXPECT_FALSE(client.prepared->has_pending());
  EXPECT_TRUE(one.schema_change_over()) << "it may have been committed";
  one.end();
}

}  // namespace
}  // namespace highwater::proxy
