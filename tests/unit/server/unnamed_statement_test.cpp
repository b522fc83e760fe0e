#include "proxy/server/unnamed_statement.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace highwater::proxy {
namespace {

using enum wire::reply_kind;
using wire::expected_reply;

expected_reply parses(statement_id id) {
  return {parse, false, 1, id, true};
}
const expected_reply closes{close, false, 0, 0, true};
const expected_reply queries{query, true};
const expected_reply names{parse, false, 1, 70};
const expected_reply closes_a_portal{close};

enum class fate { done, passed_over, failed };
using enum fate;

struct step {
  expected_reply what;
  fate is;
};
struct a_case {
  const char* is;
  std::vector<step> sent;
  statement_id until;   // when all has been sent
  statement_id behind;  // ... and answered
};

// Before, the connection holds number 5.
const std::vector<a_case> cases{
    {"what is parsed", {{parses(7), done}}, 7, 7},
    {"what is closed", {{closes, done}}, no_unnamed, no_unnamed},
    {"a Query ends it", {{queries, done}}, no_unnamed, no_unnamed},
    {"others do not", {{names, done}, {closes_a_portal, done}, {{execute}, done}}, 5, 5},
    {"others that fail do not", {{names, failed}, {closes_a_portal, passed_over}}, 5, 5},
    {"a Parse that fails", {{parses(7), failed}}, 7, unknown_unnamed},
    {"a Parse that is passed over", {{{execute}, failed}, {parses(7), passed_over}}, 7, 5},
    {"all that is passed over",
     {{parses(7), passed_over}, {closes, passed_over}, {queries, passed_over}},
     no_unnamed,
     5},
    {"one that was there before the error", {{parses(7), done}, {{execute}, failed}, {parses(8), passed_over}}, 8, 7},
    {"behind a Parse that fails", {{parses(7), failed}, {parses(8), passed_over}}, 8, unknown_unnamed},
    {"what comes behind the Sync", {{parses(7), passed_over}, {{sync}, done}, {parses(8), done}}, 8, 8},
};

TEST(unnamed_statement, is_what_the_server_has_done) {
  for (const auto& each : cases) {
    SCOPED_TRACE(each.is);
    unnamed_statement held;
    held.sent(parses(5));
    held.completed(parses(5));
    for (const auto& one : each.sent) held.sent(one.what);
    EXPECT_EQ(held.get(), each.until);
    for (const auto& one : each.sent) {
      if (one.is == done) {
        held.completed(one.what);
      } else {
        held.skipped(one.what, one.is == failed);
      }
    }
    EXPECT_EQ(held.get(), each.behind);
  }
}

TEST(unnamed_statement, is_what_is_on_its_way_until_all_of_it_is_known) {
  unnamed_statement held;
  held.sent(parses(7));
  held.sent(parses(8));
  held.skipped(parses(7), true);
  EXPECT_EQ(held.get(), 8u);
  held.completed(parses(8));
  EXPECT_EQ(held.get(), 8u);
}

}  // namespace
}  // namespace highwater::proxy
