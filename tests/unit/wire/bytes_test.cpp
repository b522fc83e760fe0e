#include "proxy/wire/bytes.hpp"

#include <gtest/gtest.h>

namespace highwater::wire {
namespace {

using namespace std::string_view_literals;

TEST(reader, takes_integers_in_network_order) {
  reader in("\x01\x02\x03\xFF\xFE\xFD\xFC\x80"sv);
  EXPECT_EQ(in.u8(), 1);
  EXPECT_EQ(in.u16(), 0x0203);
  EXPECT_EQ(in.u32(), 0xFFFEFDFC);
  EXPECT_FALSE(in.done());
  EXPECT_EQ(in.u8(), 0x80);
  EXPECT_TRUE(in.done());
}

TEST(reader, takes_strings_and_runs) {
  reader in("name\0\0rest"sv);
  EXPECT_EQ(in.c_string(), "name");
  EXPECT_EQ(in.c_string(), "");
  EXPECT_EQ(in.rest(), "rest");
  EXPECT_EQ(in.take(2), "re");
  EXPECT_EQ(in.take(0), "");
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.rest(), "st");
}

TEST(reader, stays_failed_once_it_ran_over_the_end) {
  struct row {
    const char* what;
    void (*take)(reader&);
  };
  const row rows[] = {
      {"u8", [](reader& in) { in.take(3), in.u8(); }}, {"u16", [](reader& in) { in.take(2), in.u16(); }},
      {"u32", [](reader& in) { in.u32(); }},           {"c_string", [](reader& in) { in.c_string(); }},
      {"take", [](reader& in) { in.take(4); }},        {"take, far too much", [](reader& in) { in.take(SIZE_MAX); }},
  };
  for (const auto& each : rows) {
    reader in("abc");
    each.take(in);
    EXPECT_FALSE(in.ok()) << each.what;
    EXPECT_EQ(in.u8(), 0) << each.what;
    EXPECT_EQ(in.rest(), "") << each.what;
    EXPECT_FALSE(in.done()) << each.what;
  }
}

TEST(writer, fills_in_the_length) {
  std::string out = "before";
  writer(out, 'X').u8(1).u16(0x0203).u32(0x04050607).c_string("ab").bytes("cd");
  EXPECT_EQ(out,
            "beforeX\0\0\0\x10\x01\x02\x03\x04\x05\x06\x07"
            "ab\0cd"sv);
}

TEST(writer, leaves_the_type_out_at_startup) {
  std::string out;
  { writer message(out); }
  EXPECT_EQ(out, "\0\0\0\x04"sv);
}

}  // namespace
}  // namespace highwater::wire
