#include "proxy/client/route_record.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

TEST(route_record, says_where_and_why) {
  std::vector<config::node> nodes(2);
  nodes[1].name = "b";
  routing::cluster_view view;
  view.nodes.resize(2);
  route_record last;
  EXPECT_EQ(describe(last, view, nodes), "nothing has been routed yet");
  last.node = 1;
  last.level = config::level::strong;
  const auto role = std::string(routing::to_string(view.nodes[1].role));
  const auto reason = std::string(routing::to_string(last.reason));
  const auto plain = "node=b role=" + role + " level=strong reason=" + reason;
  EXPECT_EQ(describe(last, view, nodes), plain);
  last.floor = 0x20;
  last.node_at = 0x1F;
  EXPECT_EQ(describe(last, view, nodes), plain + " floor=0/20 position=0/1F");
  auto statement = std::make_shared<sql::statement>();
  statement->reason = sql::write_reason::parse_failed;
  statement->detail = "f()";
  last.statement = statement;
  EXPECT_EQ(describe(last, view, nodes), plain + " floor=0/20 position=0/1F because=" +
                                             std::string(sql::to_string(statement->reason)) + " detail=f()");
}

}  // namespace
}  // namespace highwater::proxy
