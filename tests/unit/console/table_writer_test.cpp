#include "proxy/console/table_writer.hpp"

#include <gtest/gtest.h>

#include "proxy/console/binary_form.hpp"

namespace highwater::console {
namespace {

using namespace std::string_literals;

TEST(row_description, says_names_types_and_formats) {
  constexpr column columns[] = {{"a", column_type::text},
                                {"b", column_type::int4},
                                {"c", column_type::int8},
                                {"d", column_type::numeric},
                                {"e", column_type::boolean}};
  const auto one = [](const char* name, std::string oid, std::string size, char format) {
    return name + "\0\0\0\0\0\0\0"s + oid + size + "\xFF\xFF\xFF\xFF\0"s + format;
  };
  std::string out;
  write_row_description(out, columns, result_formats({0, 1, 1, 0, 0}));
  EXPECT_EQ(out, "T\0\0\0\x6A\0\x05"s + one("a", "\0\0\0\x19"s, "\xFF\xFF", 0) + one("b", "\0\0\0\x17"s, "\0\x04"s, 1) +
                     one("c", "\0\0\0\x14"s, "\0\x08"s, 1) + one("d", "\0\0\x06\xA4"s, "\xFF\xFF", 0) +
                     one("e", "\0\0\0\x10"s, "\0\x01"s, 0));
}

TEST(data_row, has_nulls_and_values_in_their_formats) {
  constexpr column columns[] = {{"a", column_type::int4}, {"b", column_type::text}, {"c", column_type::int4}};
  struct row_case {
    const char* why;
    result_formats formats;
    std::string expected;
  };
  const row_case rows[] = {
      {"text",
       {},
       "D\0\0\0\x15\0\x03\0\0\0\x02"s
       "12\0\0\0\x01x\xFF\xFF\xFF\xFF"s},
      {"one for all", result_formats({1}), "D\0\0\0\x17\0\x03\0\0\0\x04\0\0\0\x0C\0\0\0\x01x\xFF\xFF\xFF\xFF"s},
      {"one each", result_formats({0, 1, 1}),
       "D\0\0\0\x15\0\x03\0\0\0\x02"s
       "12\0\0\0\x01x\xFF\xFF\xFF\xFF"s},
  };
  for (const auto& each : rows) {
    std::string out;
    write_data_row(out, columns, {"12", "x", std::nullopt}, each.formats);
    EXPECT_EQ(out, each.expected) << each.why;
  }
}

// As PostgreSQL 15 sends them: SELECT int4send(…), numeric_send(…).
TEST(binary_form, is_postgresqls) {
  struct row_case {
    column_type type;
    const char* text;
    std::string binary;
  };
  const row_case rows[] = {
      {column_type::text, "größe", "größe"},
      {column_type::text, "", ""},
      {column_type::int4, "0", "\0\0\0\0"s},
      {column_type::int4, "6432", "\0\0\x19\x20"s},
      {column_type::int4, "-1", "\xFF\xFF\xFF\xFF"},
      {column_type::int8, "4294967296", "\0\0\0\x01\0\0\0\0"s},
      {column_type::boolean, "t", "\x01"},
      {column_type::boolean, "f", "\0"s},
      {column_type::numeric, "0", "\0\0\0\0\0\0\0\0"s},
      {column_type::numeric, "1", "\0\x01\0\0\0\0\0\0\0\x01"s},
      {column_type::numeric, "9999", "\0\x01\0\0\0\0\0\0\x27\x0F"s},
      {column_type::numeric, "10000", "\0\x01\0\x01\0\0\0\0\0\x01"s},
      {column_type::numeric, "10001", "\0\x02\0\x01\0\0\0\0\0\x01\0\x01"s},
      {column_type::numeric, "1000000000000", "\0\x01\0\x03\0\0\0\0\0\x01"s},
      {column_type::numeric, "18446744073709551615", "\0\x05\0\x04\0\0\0\0\x07\x34\x1A\x58\x02\xE1\x03\xBB\x06\x4F"s},
  };
  for (const auto& each : rows) EXPECT_EQ(binary_form(each.type, each.text), each.binary) << each.text;
}

}  // namespace
}  // namespace highwater::console
