#include "proxy/monitor/login_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace highwater::proxy {
namespace {

using facts = std::vector<login_fact>;

const facts first{
    {'r', "bob", "", "10 t"},  {'r', "ann", "", "11 t"},   {'d', "", "shop", "20 t"},     {'d', "", "till", "21 t"},
    {'s', "bob", "", "{a=1}"}, {'s', "", "shop", "{b=1}"}, {'s', "bob", "till", "{c=1}"}, {'m', "", "", "2 77"},
    {'c', "", "", "noon"},     {'p', "", "", "100"},
};

facts with(facts all, const login_fact& changed) {
  for (auto& each : all) {
    if (each.kind == changed.kind && each.user == changed.user && each.database == changed.database) {
      each.state = changed.state;
      return all;
    }
  }
  all.push_back(changed);
  return all;
}

facts without(const facts& all, const login_fact& gone) {
  facts left;
  for (const auto& each : all) {
    if (each.kind != gone.kind || each.user != gone.user || each.database != gone.database) left.push_back(each);
  }
  return left;
}

std::string described(const login_news& news) {
  const auto any = [](const std::string& name) { return name.empty() ? "*" : name; };
  std::string text;
  for (const auto& [user, database] : news.scopes) text += any(user) + "@" + any(database) + " ";
  for (const auto& each : news.gone) text += "gone:" + each + " ";
  if (news.reloaded) text += "reloaded ";
  if (!text.empty()) text.pop_back();
  return text;
}

TEST(login_facts, are_news_where_they_differ) {
  const struct {
    const char* what;
    facts now;
    const char* news;
  } rows[] = {
      {"nothing", first, ""},
      {"a role's own", with(first, {'r', "bob", "", "10 f"}), "bob@*"},
      {"a new role", with(first, {'r', "eve", "", "12 t"}), "eve@*"},
      {"a role is gone", without(first, {'r', "ann", "", ""}), "ann@*"},
      {"a role of the same name", with(first, {'r', "ann", "", "13 t"}), "ann@*"},
      {"a database's own", with(first, {'d', "", "shop", "20 f"}), "*@shop"},
      {"a database is gone", without(first, {'d', "", "shop", ""}), "*@shop gone:shop"},
      {"a database of the same name", with(first, {'d', "", "shop", "22 t"}), "*@shop"},
      {"a role's settings", with(first, {'s', "bob", "", "{a=2}"}), "bob@*"},
      {"... are gone", without(first, {'s', "bob", "", ""}), "bob@*"},
      {"a database's settings", with(first, {'s', "", "shop", "{b=2}"}), "*@shop"},
      {"a role's in a database", with(first, {'s', "bob", "till", "{c=2}"}), "bob@till"},
      {"everybody's settings", with(first, {'s', "", "", "{d=2}"}), "*@*"},
      {"who is in which role", with(first, {'m', "", "", "3 99"}), "*@*"},
      {"the configuration", with(first, {'c', "", "", "one"}), "reloaded"},
      {"what is not seen", with(first, {'p', "", "", "101"}), "*@*"},
      {"what is seen, and counted", with(with(first, {'r', "bob", "", "10 f"}), {'p', "", "", "101"}), "bob@*"},
      {"more than is seen", with(with(first, {'r', "bob", "", "10 f"}), {'p', "", "", "102"}), "bob@* *@*"},
      {"a new role, and a password", with(with(first, {'r', "eve", "", "12 t"}), {'p', "", "", "101"}), "eve@* *@*"},
      {"another name", with(with(without(first, {'r', "ann", "", ""}), {'r', "eve", "", "11 t"}), {'p', "", "", "101"}),
       "ann@* eve@*"},
      {"the counter begins anew", with(first, {'p', "", "", "3"}), ""},
  };
  for (const auto& row : rows) {
    login_facts known;
    EXPECT_FALSE(known.take(first).any()) << "nothing is news the first time";
    EXPECT_EQ(described(known.take(row.now)), row.news) << row.what;
    EXPECT_EQ(described(known.take(row.now)), "") << row.what << ": once";
  }
}

TEST(login_facts, that_are_counted_late_are_known_by_then) {
  login_facts known;
  known.take(first);
  auto now = with(first, {'r', "bob", "", "10 f"});
  EXPECT_EQ(described(known.take(now)), "bob@*");
  now = with(now, {'p', "", "", "101"});
  EXPECT_EQ(described(known.take(now)), "");
  now = with(now, {'p', "", "", "102"});
  EXPECT_EQ(described(known.take(now)), "*@*");
}

TEST(login_facts, of_another_connection_are_compared_but_for_what_is_its_own) {
  login_facts known;
  known.take(first);
  known.reconnected();
  auto now = with(with(first, {'c', "", "", "one"}), {'p', "", "", "500"});
  EXPECT_EQ(described(known.take(with(now, {'r', "bob", "", "10 f"}))), "bob@*");
}

}  // namespace
}  // namespace highwater::proxy
