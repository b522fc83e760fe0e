#include "proxy/client/cancel_registry.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace highwater::proxy {
namespace {

TEST(cancel_registry, finds_the_session_by_its_whole_key) {
  cancel_registry registry;
  int first = 0, second = 0;
  const auto one = registry.add(111, [&](auto) { ++first; });
  const auto two = registry.add(222, [&](auto) { ++second; });
  registry.cancel(two, [] {});
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
  registry.cancel(one, [] {});
  EXPECT_EQ(first, 1);
}

TEST(cancel_registry, ignores_wrong_keys) {
  cancel_registry registry;
  int cancelled = 0;
  const auto key = registry.add(111, [&](auto) { ++cancelled; });
  int over = 0;
  registry.cancel({key.process, 112}, [&] { ++over; });
  registry.cancel({key.process + 1, 111}, [&] { ++over; });
  registry.cancel({0, 0}, [&] { ++over; });
  EXPECT_EQ(cancelled, 0);
  EXPECT_EQ(over, 3) << "nothing to wait for";
}

TEST(cancel_registry, forgets_a_session_that_has_ended) {
  cancel_registry registry;
  int cancelled = 0;
  const auto key = registry.add(111, [&](auto) { ++cancelled; });
  const auto other = registry.add(333, [](auto) {});
  const auto identity = cancel_registry::identity_of(key);
  registry.remove(identity + 1);
  registry.remove(identity);
  registry.remove(identity);
  registry.cancel(key, [] {});
  EXPECT_EQ(cancelled, 0);
  int over = 0;
  registry.cancel(other, [&] { ++over; });
  EXPECT_EQ(over, 0) << "it is still there";
}

TEST(cancel_registry, leaves_it_to_the_session_to_say_when_it_is_over) {
  cancel_registry registry;
  cancel_registry::over_function kept;
  const auto key = registry.add(111, [&](auto over) { kept = std::move(over); });
  int over = 0;
  registry.cancel(key, [&] { ++over; });
  EXPECT_EQ(over, 0);
  kept();
  EXPECT_EQ(over, 1);
}

TEST(cancel_registry, gives_no_process_number_twice) {
  cancel_registry registry;
  std::set<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < 100; ++i) numbers.insert(registry.add(i, [](auto) {}).process);
  EXPECT_EQ(numbers.size(), 100U);
  EXPECT_GT(*numbers.begin(), 1U << 22U) << "no process of Linux has such a number";
}

TEST(cancel_registry, knows_a_session_by_its_backend_although_two_nodes_have_such_a_process) {
  cancel_registry registry;
  int first = 0, second = 0;
  const auto one = registry.add_as(4711, 111, [&](auto) { ++first; });
  const auto two = registry.add_as(4711, 222, [&](auto) { ++second; });
  EXPECT_EQ(one.process, 4711U);
  EXPECT_EQ(two.process, 4711U);
  registry.remove(cancel_registry::identity_of(one));
  registry.cancel(one, [] {});
  registry.cancel(two, [] {});
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
  const auto twin = registry.add_as(4711, 222, [&](auto) { ++first; });
  EXPECT_NE(twin.secret, two.secret);
}

TEST(cancel_registry, wants_the_whole_of_a_long_secret) {
  const std::string secret = "0123" + std::string(28, 's');
  std::string other = secret;
  other.back() ^= 1;
  cancel_registry registry;
  int cancelled = 0;
  const auto key = registry.add(wire::cancel_secret(secret), [&](auto) { ++cancelled; });
  EXPECT_EQ(key.secret.bytes(), secret);
  const std::pair<const char*, std::string> rows[] = {
      {"its beginning, as protocol 3.0 has them", secret.substr(0, 4)},
      {"all but its end", secret.substr(0, 31)},
      {"another end", other},
      {"another beginning", "1" + secret.substr(1)},
      {"one byte more", secret + "s"},
      {"the longest there is", secret + std::string(256 - 32, '\0')},
      {"nothing", ""},
  };
  int over = 0;
  for (const auto& [why, sent] : rows) {
    registry.cancel({key.process, wire::cancel_secret(sent)}, [&] { ++over; });
    EXPECT_EQ(cancelled, 0) << why;
  }
  EXPECT_EQ(over, 7);
  registry.cancel(key, [] {});
  EXPECT_EQ(cancelled, 1);
}

// Sessions are told apart by that, whichever protocol their clients speak.
TEST(cancel_registry, gives_no_identity_twice) {
  cancel_registry registry;
  const wire::cancel_secret secret("0123" + std::string(28, 's'));
  std::set<std::uint64_t> identities;
  identities.insert(cancel_registry::identity_of(registry.add_as(4711, secret, [](auto) {})));
  identities.insert(cancel_registry::identity_of(registry.add_as(4711, secret, [](auto) {})));
  identities.insert(cancel_registry::identity_of(registry.add_as(4711, secret.number(), [](auto) {})));
  identities.insert(cancel_registry::identity_of(registry.add_as(0, 0, [](auto) {})));
  EXPECT_EQ(identities.size(), 4U);
  EXPECT_FALSE(identities.contains(0)) << "which stands for no session";
  EXPECT_TRUE(identities.contains(std::uint64_t{4711} << 32U | 0x30313233)) << "the process and four bytes";
}

}  // namespace
}  // namespace highwater::proxy
