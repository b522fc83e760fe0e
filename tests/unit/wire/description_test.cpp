#include "proxy/wire/description.hpp"

#include <gtest/gtest.h>

#include "proxy/wire/bytes.hpp"

namespace highwater::wire {
namespace {

struct column {
  const char* name = "n";
  std::uint32_t table = 0;
  std::uint16_t place = 0;
  std::uint32_t type = 23;
  std::uint32_t modifier = 0xffffffff;
  std::uint16_t format = 0;
};

std::string body(const std::vector<column>& columns) {
  std::string message;
  {
    writer out(message, 'T');
    out.u16(static_cast<std::uint16_t>(columns.size()));
    for (const auto& one : columns) {
      out.c_string(one.name).u32(one.table).u16(one.place).u32(one.type).u16(4).u32(one.modifier).u16(one.format);
    }
  }
  return message.substr(5);
}

TEST(description, counts_its_parameters) {
  EXPECT_EQ(description{}.parameters(), 0U);
  EXPECT_EQ((description{std::string("\0\0", 2), ""}).parameters(), 0U);
  EXPECT_EQ((description{std::string("\0\2\0\0\0\x17\0\0\0\x19", 10), ""}).parameters(), 2U);
}

TEST(description, same_columns_are_read_alike) {
  struct row {
    const char* why;
    std::string left, right;
    bool same;
  };
  const row rows[] = {
      {"no rows", "", "", true},
      {"no columns", body({}), body({}), true},
      {"none and no columns", "", body({}), false},
      {"equal", body({{}}), body({{}}), true},
      {"from a table that was made anew", body({{.table = 1, .place = 1}}), body({{.table = 2, .place = 3}}), true},
      {"in the other format", body({{.format = 1}}), body({{.format = 0}}), true},
      {"another type", body({{.type = 23}}), body({{.type = 700}}), false},
      {"another length of varchar", body({{.modifier = 14}}), body({{.modifier = 24}}), false},
      {"another name", body({{.name = "a"}}), body({{.name = "b"}}), false},
      {"one more", body({{}}), body({{}, {}}), false},
      {"the second differs", body({{}, {.type = 20}}), body({{}, {.type = 25}}), false},
      {"cut off", body({{}}), body({{}}).substr(0, 10), false},
      {"with something behind", body({{}}), body({{}}) + "x", false},
  };
  for (const auto& each : rows) {
    EXPECT_EQ(same_columns(each.left, each.right), each.same) << each.why;
    EXPECT_EQ(same_columns(each.right, each.left), each.same) << each.why;
  }
}

}  // namespace
}  // namespace highwater::wire
