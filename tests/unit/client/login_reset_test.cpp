#include "proxy/client/login_reset.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace highwater::proxy {
namespace {

sql::statement statement(sql::setting_changes changes, bool all = false, std::uint32_t count = 1) {
  sql::statement made;
  made.settings = std::move(changes);
  made.resets_all_settings = all;
  made.statement_count = count;
  return made;
}
sql::statement discard_all() {
  auto made = statement({}, true);
  made.discards_all = true;
  return made;
}

const session_settings login{{"a", "1"}, {"b", "2"}, {"role", "r"}};

struct row {
  const char* is;
  sql::statement what;
  bool as_another;
  session_settings again;
};

const std::vector<row> rows{
    {"SET", statement({{"a", false}}), false, {}},
    {"RESET", statement({{"a", true}}), false, {{"a", "1"}}},
    {"... by another", statement({{"a", true}}), true, {{"a", "1"}}},
    {"... of who one is", statement({{"role", true}}), false, {{"role", "r"}}},
    {"... of what the login did not name", statement({{"c", true}}), false, {}},
    {"RESET ALL leaves who one is", statement({}, true), false, {{"a", "1"}, {"b", "2"}}},
    {"... by another", statement({}, true), true, {}},
    {"among other statements", statement({{"a", true}}, false, 2), false, {}},
    {"DISCARD ALL stands alone", discard_all(), false, {}},
    {"nothing of the kind", statement({}), false, {}},
};

TEST(login_reset, says_what_is_to_be_set_again) {
  for (const auto& each : rows) {
    EXPECT_EQ(behind_reset(each.what, login, each.as_another), each.again) << each.is;
  }
}

TEST(login_reset, tells_a_reset_from_a_set) {
  EXPECT_TRUE(resets_some(statement({{"a", false}, {"b", true}})));
  EXPECT_TRUE(resets_some(statement({}, true)));
  EXPECT_FALSE(resets_some(statement({{"a", false}})));
}

}  // namespace
}  // namespace highwater::proxy
