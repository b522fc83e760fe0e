#include "proxy/auth/user_table.hpp"

#include <gtest/gtest.h>

#include "tests/unit/auth/rfc7677.hpp"

namespace highwater::auth {
namespace {

const digest process_key = sha256(as_bytes("one process"));

user_table table_of(config::auth_method method, std::vector<config::user> users) {
  config::auth section;
  section.method = method;
  section.users = std::move(users);
  return *user_table::make(section, process_key);
}

user_table scram_table(std::vector<config::user> users) {
  return table_of(config::auth_method::scram_sha_256, std::move(users));
}

TEST(user_table, keeps_secret_and_password) {
  const auto table = scram_table({{"app", format_secret(rfc7677::secret()), "for the servers"}});
  const auto* found = table.find(std::string_view{"app"});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->scram, rfc7677::secret());
  EXPECT_EQ(found->stored, format_secret(rfc7677::secret()));
  EXPECT_EQ(found->password, "for the servers");
  EXPECT_FALSE(found->made);
  EXPECT_TRUE(table.unusable().empty());
}

TEST(user_table, makes_a_secret_from_a_password) {
  const auto table = scram_table({{"app", "", "pencil"}});
  EXPECT_EQ(table.find("app")->scram, make_secret("pencil", salt_for("app", process_key)));
  EXPECT_EQ(table.find("app")->stored, format_secret(*table.find("app")->scram));
  EXPECT_TRUE(table.find("app")->made) << "no server has this one";
}

TEST(user_table, makes_the_same_secret_again_after_a_reload) {
  EXPECT_EQ(scram_table({{"app", "", "pencil"}}).find("app")->scram,
            scram_table({{"other", "", "x"}, {"app", "", "pencil"}}).find("app")->scram);
}

TEST(user_table, knows_names_exactly) {
  const auto table = scram_table({{"app", "", "pencil"}});
  for (const std::string_view name : {"", "ap", "App", "app ", "apps"}) EXPECT_FALSE(table.find(name)) << name;
}

TEST(user_table, mocks_what_its_users_have) {
  constexpr const char* md5 = "md5ae2a81711e9f82f7a1a2c3c920c2d9f7";
  struct row {
    const char* why;
    std::vector<config::user> users;
    secret_kind usual;
  };
  const row rows[] = {
      {"nobody", {}, secret_kind::none},
      {"a password", {{"app", "", "pencil"}}, secret_kind::plain},
      {"an MD5 secret", {{"app", md5, ""}}, secret_kind::md5},
      {"... and a password for the servers", {{"app", md5, "pencil"}}, secret_kind::md5},
      {"a SCRAM secret", {{"app", format_secret(rfc7677::secret()), ""}}, secret_kind::scram},
      {"the first that can be used", {{"bare", "", ""}, {"app", md5, ""}, {"b", "", "pencil"}}, secret_kind::md5},
  };
  for (const auto& each : rows) {
    const auto table = scram_table(each.users);
    EXPECT_EQ(table.usual_kind(), each.usual) << each.why;
    const auto mock = *table.mock("nobody", each.usual);
    EXPECT_EQ(mock.made, each.usual == secret_kind::plain) << each.why;
    EXPECT_EQ(mock.kind() == secret_kind::md5, each.usual == secret_kind::md5) << each.why;
    EXPECT_EQ(mock.stored, table.mock("nobody", each.usual)->stored) << each.why << ": asking again tells nothing";
    EXPECT_NE(mock.stored, table.mock("somebody", each.usual)->stored) << each.why;
  }
}

TEST(user_table, mocks_the_iteration_count_of_its_users) {
  const auto table = scram_table({{"app", format_secret(make_secret("pencil", "salt", 7)), ""}});
  EXPECT_EQ(table.mock("nobody", secret_kind::scram)->scram->iterations, 7);
}

TEST(user_table, names_users_who_cannot_log_in) {
  const auto table = scram_table({{"odd", "{SSHA}x", "pencil"}, {"app", "", "pencil"}, {"bare", "", ""}});
  EXPECT_EQ(table.unusable(), (std::vector<std::string>{"odd", "bare"}));
  EXPECT_FALSE(table.find("odd")->scram);
}

TEST(user_table, makes_no_secrets_where_nobody_is_asked_for_one) {
  const auto table = table_of(config::auth_method::trust, {{"app", "", "pencil"}, {"bare", "", ""}});
  EXPECT_EQ(table.find("app")->password, "pencil");
  EXPECT_FALSE(table.find("app")->scram);
  EXPECT_TRUE(table.unusable().empty());
}

TEST(user_table, goes_by_the_rules_where_there_are_some) {
  for (const auto method : {config::auth_method::trust, config::auth_method::password}) {
    config::auth section;
    section.users = {{"app", "", "pencil"}};
    section.rules.emplace_back().method = method;
    EXPECT_EQ(user_table::make(section, process_key)->find("app")->scram.has_value(),
              method == config::auth_method::password);
  }
}

}  // namespace
}  // namespace highwater::auth
