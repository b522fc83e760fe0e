#include "proxy/client/settings_exchange.hpp"

#include <gtest/gtest.h>

#include "proxy/wire/bytes.hpp"

namespace highwater::proxy {
namespace {

using outcome = settings_exchange::outcome;
using sql::setting_changes;

sql::statement set(setting_changes changes) {
  sql::statement made;
  made.settings = std::move(changes);
  return made;
}
sql::statement reset_all() {
  sql::statement made;
  made.resets_all_settings = true;
  return made;
}

std::string row(const std::vector<std::optional<std::string>>& values) {
  std::string bytes(2, '\0');
  for (const auto& value : values) {
    char length[4];
    wire::store_u32(length, value ? static_cast<std::uint32_t>(value->size()) : 0xFFFFFFFF);
    bytes.append(length, 4);
    if (value) bytes += *value;
  }
  return bytes;
}

// The client has logged in with a=1; before the exchange it had a=5, b=6.
const session_settings login{{"a", "1"}};
const session_settings before{{"a", "5"}, {"b", "6"}};

struct exchange : settings_exchange {
  settled after(const std::vector<std::optional<std::string>>& values) const {
    return answered(row(values), before, before, login).value();
  }
};

TEST(settings_exchange, leaves_settings_alone_that_nobody_touched) {
  exchange one;
  one.note(sql::statement{}, true);
  EXPECT_FALSE(one.pending());
  EXPECT_EQ(one.over(false, before), outcome::nothing);
}

TEST(settings_exchange, asks_again_for_what_another_encoding_writes_otherwise) {
  const session_settings foreign{{"a", "caf\xe9"}, {"b", "coffee"}};
  exchange one;
  one.note(set({{"client_encoding", false}}), true);
  ASSERT_EQ(one.over(false, foreign), outcome::inquire);
  EXPECT_EQ(one.inquiry(), inquiry_sql({"client_encoding", "a"}));
  exchange other;
  other.note(set({{"b", false}}), true);
  ASSERT_EQ(other.over(false, foreign), outcome::inquire);
  EXPECT_EQ(other.inquiry(), inquiry_sql({"b"}));
}

TEST(settings_exchange, asks_what_a_set_has_come_to) {
  exchange one;
  one.note(set({{"b", false}, {"c", false}}), true);
  EXPECT_TRUE(one.pending());
  ASSERT_EQ(one.over(false, before), outcome::inquire);
  EXPECT_NE(one.inquiry().find("'b'"), std::string::npos);
  EXPECT_NE(one.inquiry().find("'c'"), std::string::npos);
  const auto now = one.after({"7", std::nullopt});
  EXPECT_EQ(now.own, (session_settings{{"a", "5"}, {"b", "7"}}));
  EXPECT_EQ(now.on_server, now.own);
}

TEST(settings_exchange, takes_a_reset_back_to_the_login) {
  exchange one;
  one.note(set({{"a", true}, {"b", true}}), true);
  ASSERT_EQ(one.over(false, before), outcome::inquire);
  const auto now = one.after({"default", "default"});
  EXPECT_EQ(now.own, login);
  EXPECT_EQ(now.on_server, session_settings{});
}

TEST(settings_exchange, keeps_what_a_rollback_has_kept) {
  for (const bool all : {false, true}) {
    exchange failed;
    failed.note(all ? reset_all() : set({{"a", true}, {"b", true}}), false);
    ASSERT_EQ(failed.over(true, before), outcome::inquire);
    EXPECT_EQ(failed.after({"5", "6"}).own, before);

    exchange to_savepoint;
    to_savepoint.note(all ? reset_all() : set({{"a", true}, {"b", true}}), false);
    to_savepoint.undone();
    ASSERT_EQ(to_savepoint.over(false, before), outcome::inquire);
    EXPECT_EQ(to_savepoint.after({"5", "default"}).own, (session_settings{{"a", "5"}}));
  }
}

TEST(settings_exchange, asks_for_what_was_set_again_behind_a_reset) {
  for (const bool all : {false, true}) {
    exchange one;
    one.note(all ? reset_all() : set({{"a", true}, {"b", true}}), false);
    EXPECT_TRUE(one.resets("a"));
    one.restored(login);
    EXPECT_FALSE(one.resets("a")) << "the server tells where it leads";
    EXPECT_TRUE(one.resets("b"));
    ASSERT_EQ(one.over(false, before), outcome::inquire);
    const auto now = one.after({"1", "default"});
    EXPECT_EQ(now.own, login);
    EXPECT_EQ(now.on_server, login) << "as it is there now";
  }
}

TEST(settings_exchange, knows_when_one_may_have_become_another) {
  exchange one;
  one.note(set({{"a", false}}), false);
  EXPECT_FALSE(one.changes_identity());
  one.note(set({{"role", false}}), false);
  EXPECT_TRUE(one.changes_identity());
}

TEST(settings_exchange, needs_not_ask_after_a_reset_all_alone) {
  exchange one;
  one.note(reset_all(), true);
  EXPECT_EQ(one.over(false, before), outcome::reset);
  EXPECT_FALSE(one.pending());
  one.note(reset_all(), true);
  EXPECT_EQ(one.over(true, before), outcome::nothing);
  one.note(reset_all(), false);
  EXPECT_EQ(one.over(false, session_settings{}), outcome::reset) << "the connection had none";
}

TEST(settings_exchange, keeps_what_is_set_behind_a_reset_all) {
  exchange one;
  one.note(set({{"b", false}}), false);
  one.note(reset_all(), false);
  one.note(set({{"c", false}}), false);
  ASSERT_EQ(one.over(false, before), outcome::inquire);
  const auto now = one.after({"default", "8", "default"});
  EXPECT_EQ(now.own, (session_settings{{"a", "1"}, {"c", "8"}}));
  EXPECT_EQ(now.on_server, (session_settings{{"c", "8"}}));
}

TEST(settings_exchange, does_not_believe_a_malformed_answer) {
  exchange one;
  one.note(set({{"b", false}}), true);
  ASSERT_EQ(one.over(false, before), outcome::inquire);
  for (const auto& wrong : {std::string(), row({}), row({"1", "2"}), row({"123"}).substr(0, 8)}) {
    EXPECT_FALSE(one.answered(wrong, before, before, login));
  }
}

}  // namespace
}  // namespace highwater::proxy
