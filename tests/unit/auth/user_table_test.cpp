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
  EXPECT_EQ(found->secret, rfc7677::secret());
  EXPECT_EQ(found->password, "for the servers");
  EXPECT_EQ(*table.secret_for("app"), rfc7677::secret());
  EXPECT_TRUE(table.unusable().empty());
  EXPECT_FALSE(table.trusts_everybody());
}

TEST(user_table, makes_a_secret_from_a_password) {
  const auto table = scram_table({{"app", "", "pencil"}});
  EXPECT_EQ(*table.secret_for("app"), make_secret("pencil", salt_for("app", process_key)));
}

TEST(user_table, makes_the_same_secret_again_after_a_reload) {
  EXPECT_EQ(*scram_table({{"app", "", "pencil"}}).secret_for("app"),
            *scram_table({{"other", "", "x"}, {"app", "", "pencil"}}).secret_for("app"));
}

TEST(user_table, knows_names_exactly) {
  const auto table = scram_table({{"app", "", "pencil"}});
  for (const std::string_view name : {"", "ap", "App", "app ", "apps"}) EXPECT_FALSE(table.find(name)) << name;
}

TEST(user_table, gives_a_mock_secret_to_whom_it_does_not_know) {
  const auto table = scram_table({{"app", "", "pencil"}});
  EXPECT_EQ(*table.secret_for("nobody"), mock_secret("nobody", process_key));
}

TEST(user_table, mocks_the_iteration_count_of_its_users) {
  const auto table = scram_table({{"app", format_secret(make_secret("pencil", "salt", 7)), ""}});
  EXPECT_EQ(table.secret_for("nobody")->iterations, 7);
}

TEST(user_table, names_users_who_cannot_log_in_and_treats_them_as_unknown) {
  const auto table =
      scram_table({{"old", "md5ae2a81711e9f82f7a1a2c3c920c2d9f7", "pencil"}, {"app", "", "pencil"}, {"bare", "", ""}});
  EXPECT_EQ(table.unusable(), (std::vector<std::string>{"old", "bare"}));
  EXPECT_FALSE(table.find("old")->secret);
  EXPECT_EQ(*table.secret_for("old"), mock_secret("old", process_key));
}

TEST(user_table, that_trusts_everybody_still_knows_the_passwords_for_the_servers) {
  const auto table = table_of(config::auth_method::trust, {{"app", "", "pencil"}, {"bare", "", ""}});
  EXPECT_TRUE(table.trusts_everybody());
  EXPECT_EQ(table.find("app")->password, "pencil");
  EXPECT_FALSE(table.find("app")->secret);
  EXPECT_TRUE(table.unusable().empty());
}

TEST(user_table, trusts_nobody_by_itself_where_there_are_rules) {
  config::auth section;
  section.method = config::auth_method::trust;
  section.users = {{"app", "", "pencil"}};
  section.rules.emplace_back();
  const auto table = *user_table::make(section, process_key);
  EXPECT_FALSE(table.trusts_everybody());
  EXPECT_TRUE(table.find("app")->secret);
}

}  // namespace
}  // namespace highwater::auth
