#include "proxy/client/domain.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace highwater::proxy {
namespace {

using routing::instant;
using routing::never;

constexpr instant t(int milliseconds) {
  return instant(std::chrono::hours(1)) + std::chrono::milliseconds(milliseconds);
}
routing::domain_floors floors(const domain& some) {
  routing::domain_floors into;
  some.snapshot(into);
  return into;
}

// Rule 22
TEST(domain, begins_at_the_start_of_its_process) {
  const domain some(3, t(7));
  EXPECT_EQ(floors(some).written, t(7));
  EXPECT_EQ(floors(some).ended, t(7)) << "and what was shown before the primary may not show yet";
}

TEST(domain, begins_with_nothing) {
  const domain some(3, never);
  const auto found = floors(some);
  EXPECT_EQ(found.written, never);
  for (const auto& one : found.reads) EXPECT_EQ(one.last, never);
}

TEST(domain, remembers_the_newest_of_each) {
  domain some(3, never);
  some.told_of_write(t(5));
  some.told_of_write(t(3));
  some.told_of_read(1, 20, t(7));
  some.told_of_read(1, 20, t(6));
  some.told_of_read(2, 30, t(1));
  const auto found = floors(some);
  EXPECT_EQ(found.written, t(5));
  EXPECT_EQ(found.ended, never);
  EXPECT_EQ(found.reads[0].last, never);
  EXPECT_EQ(found.reads[1].last, t(7));
  EXPECT_EQ(found.reads[1].incarnation, 20U);
  EXPECT_EQ(found.reads[2].last, t(1));
}

// A read at a lower level may be the first of a node's new life; what the old life has shown must not go with it.
TEST(domain, keeps_what_an_earlier_life_has_shown) {
  domain some(2, never);
  some.told_of_read(1, 20, t(5));
  some.told_of_read(1, 21, t(9));
  const auto found = floors(some);
  EXPECT_EQ(found.reads[1].incarnation, 21U);
  EXPECT_EQ(found.reads[1].last, t(9));
  EXPECT_GE(found.written, t(5)) << "binds every node, the new life too";
  EXPECT_GE(found.ended, t(5)) << "and the primary may not show it yet";
}

TEST(domain, keeps_what_an_earlier_life_is_late_to_show) {
  domain some(2, never);
  some.told_of_read(1, 21, t(5));
  some.told_of_read(1, 20, t(6));
  some.told_of_read(1, 21, t(7));
  EXPECT_GE(floors(some).written, t(6));
  EXPECT_GE(floors(some).ended, t(6));
}

// Whoever has told of a read can rely on it from then on, whatever lives other threads tell of.
TEST(domain, loses_nothing_between_threads) {
  domain some(1, never);
  std::vector<std::thread> threads;
  std::atomic<int> lost{0};
  for (unsigned mine = 1; mine <= 3; ++mine) {
    threads.emplace_back([&, mine] {
      routing::domain_floors found;
      for (int i = 0; i < 5'000; ++i) {
        const auto when = t(static_cast<int>(mine) + 4 * i);
        some.told_of_read(0, mine, when);
        some.snapshot(found);
        const bool in_life = found.reads[0].incarnation == mine && found.reads[0].last >= when;
        if (!in_life && found.written < when && found.reads[0].incarnation != 0) ++lost;
      }
    });
  }
  for (auto& one : threads) one.join();
  EXPECT_EQ(lost, 0);
}

TEST(domain, tells_of_as_many_nodes_as_have_been_read_from) {
  domain some(100, never);
  EXPECT_TRUE(floors(some).reads.empty());
  some.told_of_read(4, 20, t(5));
  ASSERT_EQ(floors(some).reads.size(), 5U);
  EXPECT_EQ(floors(some).reads[4].last, t(5));
}

}  // namespace
}  // namespace highwater::proxy
