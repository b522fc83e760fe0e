#include "routing/position.hpp"

#include <gtest/gtest.h>

namespace highwater::routing {
namespace {

TEST(lsn_text, prints_as_the_server_does) {
  EXPECT_EQ(to_string(0), "0/0");
  EXPECT_EQ(to_string(0x16B374D848), "16/B374D848");
  EXPECT_EQ(to_string(0x3002018), "0/3002018");
  EXPECT_EQ(to_string(~lsn{0}), "FFFFFFFF/FFFFFFFF");
}

TEST(lsn_text, reads_what_it_prints) {
  for (const lsn value : {lsn{0}, lsn{1}, lsn{0x16B374D848}, lsn{0x100000000}, ~lsn{0}}) {
    EXPECT_EQ(parse_lsn(to_string(value)), value);
  }
  EXPECT_EQ(parse_lsn("0/3002018"), lsn{0x3002018});
  EXPECT_EQ(parse_lsn("a/bc"), lsn{0xa000000bc});
}

TEST(lsn_text, refuses_everything_else) {
  for (const char* text : {"", "/", "0", "0/", "/0", "0/0/0", "g/0", "0/ 1", " 0/1", "0/1 ", "-1/0", "0/+1", "0x1/0",
                           "123456789/0", "0/123456789"}) {
    EXPECT_FALSE(parse_lsn(text)) << text;
  }
}

}  // namespace
}  // namespace highwater::routing
