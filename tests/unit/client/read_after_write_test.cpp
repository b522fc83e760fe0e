#include "proxy/client/read_after_write.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace highwater::proxy {
namespace {

TEST(read_after_write, is_expected_of_who_has_done_so_the_last_time) {
  struct row {
    std::string_view done;      // w: a write, r: a read
    std::string_view expected;  // for each write, whether a read is expected
  };
  const row rows[] = {
      {"w", "n"},        {"wr", "n"},     {"wrw", "ny"},   {"rw", "n"},
      {"wrwrwr", "nyy"}, {"wrrrw", "ny"}, {"wrww", "nyn"}, {"wrwwrw", "nyny"},
  };
  for (const auto& each : rows) {
    read_after_write turns;
    std::string found;
    for (const char one : each.done) {
      if (one == 'w') found += turns.wrote() ? 'y' : 'n';
      if (one == 'r') turns.reads();
    }
    EXPECT_EQ(found, each.expected) << each.done;
  }
}

}  // namespace
}  // namespace highwater::proxy
