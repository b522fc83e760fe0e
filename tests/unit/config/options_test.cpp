#include "config/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace highwater::config {
namespace {

option_value find(const std::vector<option_value>& all, const std::string& key) {
  const auto found = std::ranges::find(all, key, &option_value::key);
  return found == all.end() ? option_value{"there is no " + key, {}, {}} : *found;
}

TEST(options, are_listed_with_value_and_default) {
  struct config settings;
  settings.pool.size = 7;
  settings.auth.users = {{"app", "", "pencil"}};
  settings.cluster.nodes.resize(2);
  settings.cluster.nodes[0].name = "a";
  settings.cluster.nodes[0].host = "10.0.0.1";
  settings.cluster.nodes[1].name = "b";
  settings.cluster.nodes[1].host = "10.0.0.2";
  settings.limits.per_user.emplace_back().name = "app";
  settings.limits.per_user.back().clients = 9;
  const auto all = options_of(settings);
  struct row {
    const char* key;
    std::optional<std::string> value, usual;
    const char* why;
  };
  const row rows[] = {
      {"pool.size", "7", "20", "a number"},
      {"pool.queue_timeout", "5s", "5s", "a duration, as it is written"},
      {"listen.address", "127.0.0.1", "127.0.0.1", "text, without quotes"},
      {"cluster.nodes[1].host", "10.0.0.2", std::nullopt, "an element of a list"},
      {"auth.users[0].name", "app", std::nullopt, "... too"},
      {"limits.per_user.app.clients", "9", std::nullopt, "an element of a map"},
      {"admin.users", std::nullopt, std::nullopt, "not set"},
  };
  for (const auto& each : rows) {
    const auto one = find(all, each.key);
    EXPECT_EQ(one.key, each.key) << each.why;
    EXPECT_EQ(one.value, each.value) << each.why;
    EXPECT_EQ(one.default_value, each.usual) << each.why;
  }
}

TEST(options, do_not_show_secrets) {
  struct config settings;
  settings.auth.users = {{"app", "", "pencil"}};
  settings.auth.query.password = "pencil";
  settings.cluster.monitor.password = "pencil";
  settings.auth.rules.resize(1);
  settings.auth.rules[0].ldap.bindpasswd = "pencil";
  for (const auto& one : options_of(settings)) {
    EXPECT_THAT(one.value.value_or(""), testing::Not(testing::HasSubstr("pencil"))) << one.key;
  }
  for (const auto* key : {"auth.users[0].password", "auth.rules[0].ldap.bindpasswd"})
    EXPECT_NE(find(options_of(settings), key).value, std::nullopt) << key;
}

}  // namespace
}  // namespace highwater::config
