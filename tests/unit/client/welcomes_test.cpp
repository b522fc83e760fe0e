#include "proxy/client/welcomes.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

const routing::instant before = routing::instant(std::chrono::seconds(1));
const routing::instant later = routing::instant(std::chrono::seconds(2));

constexpr routing::node_index primary = 0;

parameters_ptr some() {
  return std::make_shared<const parameter_list>(parameter_list{{"TimeZone", "UTC"}});
}

TEST(welcomes, are_for_whoever_logs_in_in_the_same_way) {
  outdated_logins changes([] {});
  welcomes known;
  const auto said = some();
  known.remember({"u", "d", {{"work_mem", "1MB"}}}, {said, primary, before});
  EXPECT_EQ(known.find({"u", "d", {{"work_mem", "1MB"}}}, primary, changes), said);
  EXPECT_EQ(known.find({"v", "d", {{"work_mem", "1MB"}}}, primary, changes), nullptr);
  EXPECT_EQ(known.find({"u", "e", {{"work_mem", "1MB"}}}, primary, changes), nullptr);
  EXPECT_EQ(known.find({"u", "d", {}}, primary, changes), nullptr);
}

TEST(welcomes, are_asked_again_when_logins_have_changed) {
  struct row {
    const char* why;
    sql::login_scope changed;
    bool stands;
  };
  const row rows[] = {
      {"the user", {"u", ""}, false},
      {"the role that it takes on", {"r", ""}, false},
      {"somebody else", {"v", ""}, true},
      {"the database", {"", "d"}, false},
  };
  for (const auto& each : rows) {
    outdated_logins changes([] {});
    welcomes known;
    known.remember({"u", "d", {{"role", "r"}}}, {some(), primary, before});
    changes.changed({each.changed}, later);
    EXPECT_EQ(known.find({"u", "d", {{"role", "r"}}}, primary, changes) != nullptr, each.stands) << each.why;
    known.remember({"u", "d", {{"role", "r"}}}, {some(), primary, later});
    EXPECT_NE(known.find({"u", "d", {{"role", "r"}}}, primary, changes), nullptr) << each.why;
  }
}

TEST(welcomes, are_the_primarys) {
  outdated_logins changes([] {});
  welcomes known;
  known.remember({"u", "d", {}}, {some(), 1, before});
  EXPECT_EQ(known.find({"u", "d", {}}, primary, changes), nullptr) << "a replica's";
  EXPECT_NE(known.find({"u", "d", {}}, 1, changes), nullptr) << "it has been promoted";
  known.remember({"u", "d", {}}, {some(), primary, before});
  EXPECT_NE(known.find({"u", "d", {}}, primary, changes), nullptr);
  EXPECT_EQ(known.find({"u", "d", {}}, 1, changes), nullptr) << "it was the primary once";
}

TEST(welcomes, are_bounded) {
  outdated_logins changes([] {});
  welcomes known;
  const auto login = [](int number) { return welcomes::login{"u", "d", {{"my.own", std::to_string(number)}}}; };
  for (int number = 0; number < 1500; ++number) known.remember(login(number), {some(), primary, before});
  int found = 0;
  for (int number = 0; number < 1500; ++number) found += known.find(login(number), primary, changes) != nullptr ? 1 : 0;
  EXPECT_LE(found, 1024);
  EXPECT_NE(known.find(login(1499), primary, changes), nullptr);
}

}  // namespace
}  // namespace highwater::proxy
