#include "config/assign.hpp"

#include <gtest/gtest.h>

#include "config/options.hpp"

namespace highwater::config {
namespace {

struct config first() {
  auto result = load_text(
      "cluster: {nodes: [{host: a}]}\n"
      "auth: {method: scram-sha-256, users: [{name: app, password: secret}]}\n"
      "policies: [{name: p, level: strong}, {name: q, level: eventual}]\n"
      "limits: {per_user: {app: {clients: 5}, a.b: {clients: 6}}}\n");
  for (const mistake& each : result.mistakes) ADD_FAILURE() << to_string(each, "f");
  return result.config;
}

std::string value_of(const struct config& of, const std::string& key) {
  for (const auto& one : options_of(of)) {
    if (one.key == key) return one.value.value_or("none");
  }
  return "no such key";
}

TEST(assign, options_of_every_kind) {
  struct row {
    const char *key, *text, *value;
  };
  const row rows[] = {
      {"pool.size", "30", "30"},
      {"pool.idle_timeout", "10min", "10min"},
      {"timeouts.query", "0", "0"},
      {"consistency.level", "causal", "causal"},
      {"consistency.on_stale", "{wait: 20ms}, primary", "[{wait: 20ms}, primary]"},
      {"consistency.on_stale", "[primary]", "[primary]"},
      {"policies[1].level", "causal", "causal"},
      {"policies[0].match.tables", "a, b c", "[a, \"b c\"]"},
      {"limits.per_user.app.clients", "7", "7"},
      {"limits.per_user.a.b.pool.size", "8", "8"},
      {"admin.users", "dba", "[dba]"},
      {"log.level", "debug", "debug"},
      {"zone", "", ""},
  };
  for (const auto& each : rows) {
    auto one = first();
    const auto why = assign(one, each.key, each.text);
    EXPECT_FALSE(why) << (why ? to_string(*why, "") : "");
    EXPECT_EQ(value_of(one, each.key), each.value) << each.key;
    EXPECT_EQ(one.auth.users.at(0).password, "secret") << "the rest is as it was";
  }
}

TEST(assign, says_what_is_wrong_and_does_nothing_then) {
  struct row {
    const char *key, *text, *why;
  };
  const row rows[] = {
      {"pool.sice", "30", "SET: pool.sice: found no such option, expected one that SHOW CONFIG shows"},
      {"pool", "30", "SET: pool: found no such option, expected one that SHOW CONFIG shows"},
      {"policies[7].level", "strong",
       "SET: policies[7].level: found no such option, expected one that SHOW CONFIG shows"},
      {"pool.size", "many", "SET: pool.size: found 'many', expected a whole number from 1 to 10000"},
      {"pool.min_idle", "21", "SET: pool.min_idle: found '21', expected no more than size, which is 20"},
      {"consistency.level", "bounded",
       "SET: consistency.level: found 'bounded' without a bound, expected max_staleness or max_lag_bytes with it"},
  };
  for (const auto& each : rows) {
    auto one = first();
    const auto why = assign(one, each.key, each.text);
    ASSERT_TRUE(why) << each.key;
    EXPECT_EQ(to_string(*why, "SET"), each.why);
    EXPECT_EQ(one.pool.size, 20U);
    EXPECT_EQ(one.pool.min_idle, 0U);
    EXPECT_EQ(one.consistency.default_level, level::session);
  }
}

}  // namespace
}  // namespace highwater::config
