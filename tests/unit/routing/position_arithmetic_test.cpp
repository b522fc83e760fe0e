#include <gtest/gtest.h>

#include "routing/position.hpp"

namespace highwater::routing {
namespace {

TEST(normalise, takes_back_what_is_only_a_page_header) {
  static constexpr wal_geometry usual;
  constexpr wal_geometry large_pages{32'768, std::uint64_t{64} << 20};
  struct row {
    const char* why;
    lsn insert;
    lsn expected;
    wal_geometry wal = usual;
  };
  const row rows[] = {
      {"short header, as measured", 0x3002018, 0x3002000},
      {"long header on a segment's first page", 0x3000028, 0x3000000},
      {"24 on a segment's first page is inside the long header's page", 0x3000018, 0x3000018},
      {"40 on another page is a record", 0x3002028, 0x3002028},
      {"the page's start itself", 0x3002000, 0x3002000},
      {"one byte before the header's end", 0x3002017, 0x3002017},
      {"one byte behind it", 0x3002019, 0x3002019},
      {"the middle of a page", 0x3003123, 0x3003123},
      {"beyond 4 GB", 0x500002018, 0x500002000},
      {"nothing", 0, 0},
      {"large pages: short header", 0x8008018, 0x8008000, large_pages},
      {"large pages: 8 kB is no boundary", 0x8002018, 0x8002018, large_pages},
      {"large segments: 16 MB is a page like any other", 0x9000018, 0x9000000, large_pages},
      {"large segments: long header", 0x8000028, 0x8000000, large_pages},
  };
  for (const auto& each : rows) EXPECT_EQ(normalise(each.insert, each.wal), each.expected) << each.why;
}

TEST(covers, compares_along_one_history_only) {
  const position floor{7, 2, 1000};
  EXPECT_TRUE(covers({7, 2, 1000}, floor));
  EXPECT_TRUE(covers({7, 2, 1001}, floor));
  EXPECT_FALSE(covers({7, 2, 999}, floor));
  EXPECT_FALSE(covers({7, 3, 5000}, floor)) << "another timeline";
  EXPECT_FALSE(covers({7, 1, 5000}, floor)) << "an older timeline";
  EXPECT_FALSE(covers({8, 2, 5000}, floor)) << "another system";
  EXPECT_TRUE(covers({8, 1, 0}, {7, 2, 0})) << "no floor at all";
}

}  // namespace
}  // namespace highwater::routing
