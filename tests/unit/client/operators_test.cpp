#include "proxy/client/operators.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

const config::admin nobody{};
config::admin called(const std::string& database, std::vector<std::string> users, std::vector<std::string> stats) {
  config::admin section;
  section.database = database;
  section.users = std::move(users);
  section.stats_users = std::move(stats);
  return section;
}
const config::admin somebody = called("console", {"ann"}, {"sam", "ann"});

TEST(operators, come_to_a_database_that_is_there_only_if_somebody_may_operate) {
  struct row {
    const config::admin& section;
    const char* database;
    bool is;
    const char* why;
  };
  const auto looks = called("highwater", {}, {"sam"});
  const row rows[] = {
      {somebody, "console", true, "as it is called"},
      {somebody, "pgbouncer", true, "as exporters call it"},
      {somebody, "highwater", false, "what it would be called otherwise"},
      {somebody, "Console", false, "names are exact"},
      {looks, "highwater", true, "somebody may look"},
      {nobody, "highwater", false, "nobody may come in"},
      {nobody, "pgbouncer", false, "... an ordinary database"},
  };
  for (const auto& each : rows) EXPECT_EQ(is_console(each.section, each.database), each.is) << each.why;
}

TEST(operators, may_do_what_their_list_says) {
  EXPECT_EQ(access_of(somebody, "ann"), console::access::admin) << "the stronger of two";
  EXPECT_EQ(access_of(somebody, "sam"), console::access::stats);
  EXPECT_EQ(access_of(somebody, "ben"), std::nullopt);
  EXPECT_EQ(access_of(nobody, ""), std::nullopt);
  EXPECT_EQ(may_not_operate("ben").code, "28000");
}

}  // namespace
}  // namespace highwater::proxy
