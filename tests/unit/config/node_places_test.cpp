#include "config/node_places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace highwater::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using places = std::vector<std::size_t>;

// "a b:7 c": names, and a port where it is another than the usual one.
cluster of(const std::string& nodes) {
  cluster made;
  std::istringstream words(nodes);
  for (std::string word; words >> word;) {
    auto& one = made.nodes.emplace_back();
    const auto colon = word.find(':');
    one.name = one.host = word.substr(0, colon);
    if (colon != std::string::npos) one.port = static_cast<std::uint16_t>(std::stoi(word.substr(colon + 1)));
  }
  return made;
}

places in_force(const node_changes& of) {
  places all;
  for (const auto& one : of.in_force) all.push_back(one.place);
  return all;
}

// Each of them behind all those before it, in as many places as a row says there are.
struct step {
  const char* nodes;
  places in_force, added, removed;
};
struct row {
  const char* why;
  std::vector<step> steps;
};

TEST(node_places, are_given_once_and_given_back) {
  const row rows[] = {
      {"nothing changes", {{"a b", {0, 1}, {}, {}}}},
      {"another order is nothing", {{"b a", {1, 0}, {}, {}}}},
      {"one more", {{"a b c", {0, 1, 2}, {2}, {}}}},
      {"one less", {{"a", {0}, {}, {1}}}},
      {"it comes again, to its place", {{"a", {0}, {}, {1}}, {"a b", {0, 1}, {1}, {}}}},
      {"... and another does not get it", {{"a", {0}, {}, {1}}, {"a c", {0, 2}, {2}, {}}}},
      {"another port is another place", {{"a b:7", {0, 2}, {2}, {1}}}},
      {"... and the first one's stays its own",
       {{"a b:7", {0, 2}, {2}, {1}}, {"a b", {0, 1}, {1}, {2}}, {"a b:7", {0, 2}, {2}, {1}}}},
      {"all at once", {{"c d", {2, 3}, {2, 3}, {0, 1}}}},
      {"nobody", {{"", {}, {}, {0, 1}}, {"b", {1}, {1}, {}}}},
  };
  for (const auto& each : rows) {
    node_places known(of("a b"), 2);
    for (const auto& one : each.steps) {
      const auto planned = known.plan(of(one.nodes));
      ASSERT_TRUE(planned) << each.why;
      EXPECT_EQ(in_force(*planned), one.in_force) << each.why << ": " << one.nodes;
      EXPECT_EQ(planned->added, one.added) << each.why << ": " << one.nodes;
      EXPECT_EQ(planned->removed, one.removed) << each.why << ": " << one.nodes;
      EXPECT_EQ(planned->any(), !one.added.empty() || !one.removed.empty()) << each.why;
      known.make(*planned);
      for (const auto& [place, node] : planned->in_force) {
        EXPECT_EQ(known.all().nodes[place].host, node.host) << each.why;
        EXPECT_EQ(known.all().nodes[place].port, node.port) << each.why;
      }
    }
  }
}

TEST(node_places, run_out_and_nothing_is_changed_by_that) {
  node_places known(of("a b"), 2);
  known.make(*known.plan(of("a b c")));
  EXPECT_FALSE(known.plan(of("a b d e")));
  EXPECT_THAT(known.plan(of("a b c"))->added, IsEmpty());
  known.make(*known.plan(of("a b d")));
  EXPECT_FALSE(known.plan(of("a b e")));
  EXPECT_THAT(known.plan(of("a b c"))->added, ElementsAre(2)) << "who had a place gets it";
}

TEST(node_places, stay_where_they_are) {
  node_places known(of("a b"), 2);
  const auto* const before = &known.all().nodes[1];
  known.make(*known.plan(of("a b c d")));
  EXPECT_EQ(before, &known.all().nodes[1]);
  EXPECT_EQ(known.all().nodes.size(), 4U);
}

// How a node is spoken to decides whom one speaks to; what share of the reads it gets does not.
TEST(node_places, are_for_an_address_and_how_it_is_spoken_to) {
  struct change {
    const char* why;
    std::function<void(cluster&)> make;
    places added;
  };
  const change rows[] = {
      {"weight", [](cluster& c) { c.nodes[1].weight = 7; }, {}},
      {"zone", [](cluster& c) { c.nodes[1].zone = "x"; }, {}},
      {"host", [](cluster& c) { c.nodes[1].host = "x"; }, {2}},
      {"name", [](cluster& c) { c.nodes[1].name = "x"; }, {2}},
      {"its TLS", [](cluster& c) { c.nodes[1].tls.mode = tls_mode::require; }, {2}},
      {"its TLS, said as it is already", [](cluster& c) { c.nodes[1].tls.mode = tls_mode::prefer; }, {}},
      {"everybody's TLS", [](cluster& c) { c.tls.ca = "x"; }, {2, 3}},
      {"... but for one",
       [](cluster& c) {
         c.tls.ca = "x";
         c.nodes[1].tls.ca = "";
       },
       {2}},
  };
  for (const auto& each : rows) {
    const node_places known(of("a b"), 2);
    auto wanted = of("a b");
    each.make(wanted);
    const auto planned = known.plan(wanted);
    ASSERT_TRUE(planned) << each.why;
    EXPECT_EQ(planned->added, each.added) << each.why;
    EXPECT_EQ(planned->in_force[1].node.weight, wanted.nodes[1].weight) << each.why;
    EXPECT_EQ(tls_of({}, planned->in_force[1].node), tls_of(wanted, wanted.nodes[1])) << each.why;
  }
}

}  // namespace
}  // namespace highwater::config
