#include "proxy/client/prepared.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

TEST(prepared_registry, knows_a_text_by_one_id) {
  prepared_registry registry;
  const auto one = registry.intern("SELECT 1", "", no_settings());
  EXPECT_EQ(registry.intern("SELECT 1", "", no_settings()), one);
  EXPECT_NE(one->id, 0U);
  EXPECT_EQ(one->query, "SELECT 1");
}

TEST(prepared_registry, tells_texts_and_types_apart) {
  prepared_registry registry;
  using namespace std::string_literals;
  std::vector<prepared_ptr> all{
      registry.intern("SELECT $1", "", no_settings()), registry.intern("SELECT $1", "\0\1\0\0\0\x17"s, no_settings()),
      registry.intern("SELECT $1 ", "", no_settings()), registry.intern("select $1", "", no_settings()),
      registry.intern("", "", no_settings())};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(all[i]->id, all[j]->id);
  }
}

TEST(prepared_registry, gives_no_id_twice_in_a_process) {
  prepared_registry one, other;
  EXPECT_NE(one.intern("SELECT 1", "", no_settings())->id, other.intern("SELECT 1", "", no_settings())->id);
}

TEST(prepared_registry, forgets_only_what_nobody_refers_to) {
  prepared_registry registry;
  const auto kept = registry.intern("kept", "", no_settings());
  const auto id = kept->id;
  const std::weak_ptr<const prepared_statement> gone = registry.intern("gone", "", no_settings());
  registry.sweep();
  EXPECT_TRUE(gone.expired());
  EXPECT_EQ(registry.intern("kept", "", no_settings())->id, id);
}

TEST(prepared_registry, stays_small_when_texts_come_and_go) {
  prepared_registry registry;
  const std::weak_ptr<const prepared_statement> first = registry.intern("first", "", no_settings());
  for (int i = 0; i < 1'000; ++i) registry.intern("text " + std::to_string(i), "", no_settings());
  EXPECT_TRUE(first.expired());
}

TEST(prepared_registry, tells_settings_apart) {
  prepared_registry registry;
  const auto here = std::make_shared<const session_settings>(session_settings{{"timezone", "UTC"}});
  const auto there = std::make_shared<const session_settings>(session_settings{{"timezone", "Asia/Tokyo"}});
  const auto one = registry.intern("SELECT 1", "", here);
  EXPECT_EQ(one->under, here);
  EXPECT_NE(registry.intern("SELECT 1", "", there)->id, one->id);
  EXPECT_EQ(registry.intern("SELECT 1", "", here)->id, one->id);
}

TEST(prepared_registry, begins_anew_when_tables_have_changed) {
  prepared_registry registry;
  const auto before = registry.intern("SELECT 1", "", no_settings(), 1);
  EXPECT_EQ(registry.intern("SELECT 1", "", no_settings(), 1)->id, before->id);
  EXPECT_NE(registry.intern("SELECT 1", "", no_settings(), 2)->id, before->id);
}

TEST(prepared_registry, shares_no_text_that_means_the_moment) {
  for (const char* sql : {"SELECT 'now'::timestamptz", "SELECT DATE ' Today'", "select '\n\tTOMORROW 12:00'",
                          "SELECT 'x', 'yesterday'", "SELECT E'now'"}) {
    EXPECT_TRUE(means_the_moment(sql)) << sql;
    prepared_registry registry;
    const auto one = registry.intern(sql, "", no_settings());
    EXPECT_EQ(one->under, nullptr);
    EXPECT_NE(registry.intern(sql, "", no_settings())->id, one->id);
  }
  for (const char* sql : {"SELECT now()", "SELECT 'then'", "SELECT '", "", "SELECT 'it is now'", "SELECT ''"}) {
    EXPECT_FALSE(means_the_moment(sql)) << sql;
  }
}

}  // namespace
}  // namespace highwater::proxy
