#include "proxy/client/client_counts.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace highwater::proxy {
namespace {

config::allowance allow(const char* name, unsigned clients) {
  config::allowance one;
  one.name = name;
  one.clients = clients;
  return one;
}

// The error's message; empty: it has come in, and stays.
std::string enter(client_counts& counts, const config::limits& limits, const char* user, const char* database,
                  std::vector<client_counts::place_ptr>& in) {
  auto outcome = counts.enter(limits, user, database);
  if (auto* why = std::get_if<wire::error>(&outcome)) return why->code + " " + why->message;
  in.push_back(std::get<client_counts::place_ptr>(std::move(outcome)));
  return {};
}

TEST(client_counts, of_users_in_all_databases_and_of_databases_whoever_uses_them) {
  config::limits limits;
  limits.per_user = {allow("app", 2), allow("*", 3)};
  limits.per_database = {allow("shop", 3)};
  client_counts counts;
  std::vector<client_counts::place_ptr> in;
  struct row {
    const char *user, *database, *refused;
  };
  const row rows[] = {
      {"app", "shop", ""},
      {"app", "other", ""},
      {"app", "third", "53300 too many connections for role \"app\""},
      {"web", "shop", ""},
      {"web", "shop", ""},
      {"web", "shop", "53300 too many connections for database \"shop\""},
      {"web", "other", ""},
      {"web", "other", "53300 too many connections for role \"web\""},
      {"dba", "other", ""},
  };
  for (const auto& each : rows) EXPECT_EQ(enter(counts, limits, each.user, each.database, in), each.refused);
  in.erase(in.begin());
  EXPECT_EQ(enter(counts, limits, "app", "shop", in), "") << "one has gone";
  in.clear();
  EXPECT_EQ(enter(counts, limits, "web", "shop", in), "");
}

TEST(client_counts, follow_other_limits_at_once) {
  client_counts counts;
  std::vector<client_counts::place_ptr> in;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(enter(counts, {}, "app", "shop", in), "");
  config::limits limits;
  limits.per_user = {allow("app", 3)};
  EXPECT_NE(enter(counts, limits, "app", "shop", in), "");
  limits.per_user = {allow("app", 4)};
  EXPECT_EQ(enter(counts, limits, "app", "shop", in), "");
}

}  // namespace
}  // namespace highwater::proxy
