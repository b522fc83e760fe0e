#include "routing/policy.hpp"

#include <gtest/gtest.h>

namespace highwater::routing {
namespace {

using config::level;
using sql::relation;
using sql::statement;
using sql::statement_kind;
using enum config::level;
using ms = std::chrono::milliseconds;

config::policy policy(config::level wanted, std::vector<std::string> tables,
                      std::vector<std::string> applications = {}) {
  config::policy made;
  made.level = wanted;
  made.tables = std::move(tables);
  made.applications = std::move(applications);
  return made;
}

statement reading(std::vector<relation> relations, bool hidden = false) {
  statement what;
  what.kind = statement_kind::read;
  what.relations = std::move(relations);
  what.hidden_relations = hidden;
  return what;
}

struct policies : testing::Test {
  config::consistency defaults;
  std::vector<config::policy> list{policy(strong, {"public.accounts", "billing.*"}), policy(causal, {"orders"}),
                                   policy(eventual, {"logs"}), policy(primary, {}, {"payroll"})};
  session_policies of(std::string_view application) const { return {defaults, list, {"app", "shop", application}}; }
};

TEST_F(policies, give_the_strongest_level_of_all_that_match) {
  struct row {
    const char* why;
    statement what;
    std::optional<config::level> asked;
    config::level expected;
  };
  const row rows[] = {
      {"no policy", reading({{"public", "products"}}), {}, session},
      {"asked for", reading({{"public", "products"}}), eventual, eventual},
      {"no table at all", reading({}), {}, session},
      {"one", reading({{"public", "orders"}}), {}, causal},
      {"two", reading({{"public", "orders"}, {"billing", "invoices"}}), {}, strong},
      {"a weaker policy does not weaken", reading({{"public", "logs"}}), {}, session},
      {"asked for less than the policy", reading({{"public", "accounts"}}), eventual, strong},
      {"asked for less, a weak policy", reading({{"public", "logs"}}), eventual, eventual},
      {"asked for more than the policy", reading({{"public", "orders"}}), primary, primary},
      {"a schema that is not named", reading({{"", "products"}}), {}, strong},
      {"it may touch any table", reading({}, true), {}, strong},
  };
  const auto some = of("web");
  for (const auto& each : rows) EXPECT_EQ(some.for_statement(each.what, each.asked).level, each.expected) << each.why;
}

TEST_F(policies, that_do_not_look_at_tables_apply_to_everything) {
  EXPECT_EQ(of("payroll").for_statement(reading({}), eventual).level, primary);
  EXPECT_EQ(of("payroll2").for_statement(reading({}), eventual).level, eventual);
}

TEST_F(policies, have_pg_dump_ask_for_the_primary) {
  EXPECT_EQ(of("pg_dump").for_transaction({}).level, primary);
  EXPECT_EQ(of("pg_dump").for_statement(reading({}), {}).level, primary);
  EXPECT_EQ(of("pg_dump").for_statement(reading({}), eventual).level, eventual) << "it asks for something else";
  EXPECT_EQ(of("pg_dump").for_transaction(eventual).level, strong) << "... and the tables' policies hold";
  EXPECT_EQ(of("pg_dumps").for_statement(reading({}), {}).level, session) << "another program";
}

TEST_F(policies, of_a_transaction_are_those_of_whatever_may_come) {
  EXPECT_EQ(of("web").for_transaction({}).level, strong);
  EXPECT_EQ(of("web").for_transaction(primary).level, primary);
}

TEST_F(policies, need_every_list_that_they_give_to_match) {
  struct row {
    const char *users, *databases, *applications;
    bool expected;
  };
  const row rows[] = {{"app", "shop", "web", true},
                      {"a*", "*", "w*", true},
                      {"other", "shop", "web", false},
                      {"app", "other", "web", false},
                      {"app", "shop", "batch", false}};
  for (const auto& each : rows) {
    auto one = policy(strong, {}, {each.applications});
    one.users = {each.users};
    one.databases = {each.databases};
    list = {one};
    EXPECT_EQ(of("web").for_statement(reading({}), {}).level == strong, each.expected)
        << each.users << " " << each.databases << " " << each.applications;
  }
}

TEST_F(policies, bounds_hold_beside_a_stronger_level) {
  auto fresh = policy(bounded, {"products"});
  fresh.max_staleness = ms(500);
  list = {fresh};
  const auto need = of("web").for_statement(reading({{"public", "products"}}), session);
  EXPECT_EQ(need.level, session);
  EXPECT_EQ(need.max_staleness, ms(500));
}

TEST_F(policies, default_bounds_belong_to_the_level_bounded) {
  defaults.max_staleness = ms(100);
  EXPECT_EQ(of("web").for_statement(reading({}), {}).max_staleness, ms(0));
  EXPECT_EQ(of("web").for_statement(reading({}), bounded).max_staleness, ms(100));
}

TEST_F(policies, bring_their_own_on_stale) {
  const config::stale_steps refuse{{config::stale_step::kind::error}};
  list[0].on_stale = refuse;
  const auto some = of("web");
  EXPECT_EQ(*some.for_statement(reading({{"public", "accounts"}}), {}).on_stale, refuse);
  EXPECT_EQ(*some.for_statement(reading({{"public", "orders"}}), {}).on_stale, defaults.on_stale);
  EXPECT_EQ(*some.for_statement(reading({}), {}).on_stale, defaults.on_stale);
}

struct asked_row {
  const char* why;
  level default_level;
  std::optional<level> asked, policy_level;
  level expected;
  bool stale;  // ... may be served
};

// Rule 24: nothing is lost by asking.
TEST_F(policies, who_asks_for_more_never_gets_less) {
  const config::stale_steps take_it{{config::stale_step::kind::stale}};
  const asked_row rows[] = {
      {"does not ask", session, {}, {}, session, true},
      {"asks for as much", session, session, {}, session, true},
      {"asks for less", session, eventual, {}, eventual, true},
      {"asks for more", session, strong, {}, strong, false},
      {"asks for something else", monotonic_reads, read_your_writes, {}, read_your_writes, false},
      {"asks for more than the default, not than the policy", eventual, session, strong, strong, true},
      {"asks for as much as the policy", eventual, strong, strong, strong, true},
      {"asks for more than the policy", eventual, strong, session, strong, false},
  };
  defaults.on_stale = take_it;
  for (const auto& each : rows) {
    defaults.default_level = each.default_level;
    list.clear();
    if (each.policy_level) list.push_back(policy(*each.policy_level, {"orders"}));
    for (const bool own : {false, true}) {
      if (own && list.empty()) continue;
      if (own) list[0].on_stale = take_it;
      const auto need = of("web").for_statement(reading({{"public", "orders"}}), each.asked);
      EXPECT_EQ(need.level, each.expected) << each.why;
      EXPECT_EQ(need.takes_stale, each.stale) << each.why;
      EXPECT_TRUE(names_stale(need)) << each.why;
    }
  }
}

TEST_F(policies, list_of_a_policy_holds_for_who_asks_for_more) {
  const config::stale_steps take_it{{config::stale_step::kind::stale}}, refuse{{config::stale_step::kind::error}};
  defaults.on_stale = take_it;
  list = {policy(session, {"orders"})};
  list[0].on_stale = refuse;
  for (const auto asked : {std::optional<level>{}, std::optional(eventual), std::optional(strong)}) {
    EXPECT_EQ(*of("web").for_statement(reading({{"public", "orders"}}), asked).on_stale, refuse);
    EXPECT_EQ(*of("web").for_transaction(asked).on_stale, refuse) << "it may be about orders";
  }
}

// Which tables will follow is not known.
TEST_F(policies, list_of_a_table_is_not_that_of_every_transaction) {
  const config::stale_steps refuse{{config::stale_step::kind::error}};
  list = {policy(session, {"orders"})};
  list[0].on_stale = refuse;
  EXPECT_EQ(*of("web").for_transaction({}).on_stale, defaults.on_stale);
  EXPECT_EQ(*of("web").for_transaction(strong).on_stale, defaults.on_stale);
}

TEST_F(policies, bounds_of_the_default_hold_for_who_asks_for_more) {
  defaults.default_level = bounded;
  defaults.max_staleness = ms(100);
  EXPECT_EQ(of("web").for_statement(reading({}), session).max_staleness, ms(100));
  EXPECT_EQ(of("web").for_statement(reading({}), eventual).max_staleness, ms(0));
}

}  // namespace
}  // namespace highwater::routing
