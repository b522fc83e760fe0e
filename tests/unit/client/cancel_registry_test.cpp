#include "proxy/client/cancel_registry.hpp"

#include <gtest/gtest.h>

#include <set>

namespace highwater::proxy {
namespace {

TEST(cancel_registry, finds_the_session_by_its_whole_key) {
  cancel_registry registry;
  int first = 0, second = 0;
  const auto one = registry.add(111, [&] { ++first; });
  const auto two = registry.add(222, [&] { ++second; });
  registry.cancel(two);
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
  registry.cancel(one);
  EXPECT_EQ(first, 1);
}

TEST(cancel_registry, ignores_wrong_keys) {
  cancel_registry registry;
  int cancelled = 0;
  const auto key = registry.add(111, [&] { ++cancelled; });
  registry.cancel({key.process, 112});
  registry.cancel({key.process + 1, 111});
  registry.cancel({0, 0});
  EXPECT_EQ(cancelled, 0);
}

TEST(cancel_registry, forgets_a_session_that_has_ended) {
  cancel_registry registry;
  int cancelled = 0;
  const auto key = registry.add(111, [&] { ++cancelled; });
  registry.remove(key.process);
  registry.remove(key.process);
  registry.cancel(key);
  EXPECT_EQ(cancelled, 0);
}

TEST(cancel_registry, gives_no_process_number_twice) {
  cancel_registry registry;
  std::set<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < 100; ++i) numbers.insert(registry.add(i, [] {}).process);
  EXPECT_EQ(numbers.size(), 100U);
  EXPECT_FALSE(numbers.contains(0));
}

}  // namespace
}  // namespace highwater::proxy
