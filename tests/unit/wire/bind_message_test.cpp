#include "proxy/wire/bind_message.hpp"

#include <gtest/gtest.h>

namespace highwater::wire {
namespace {

using namespace std::string_view_literals;

TEST(read_bind, takes_it_apart) {
  const auto found = read_bind("p\0s\0\0\x01\0\0\0\x02\0\0\0\x01x\xFF\xFF\xFF\xFF\0\x02\0\0\0\x01"sv);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->portal, "p");
  EXPECT_EQ(found->statement, "s");
  EXPECT_EQ(found->parameters, 2U) << "one of them is NULL";
  EXPECT_EQ(found->result_formats, (std::vector<std::uint16_t>{0, 1}));
}

TEST(read_bind, refuses_what_is_malformed) {
  struct row {
    const char* why;
    std::string_view body;
    bool accepted;
  };
  const row rows[] = {
      {"unnamed, with nothing", "\0\0\0\0\0\0\0\0"sv, true},
      {"empty", ""sv, false},
      {"one name", "p\0"sv, false},
      {"no formats", "\0\0\0\0\0\0"sv, false},
      {"fewer formats of parameters than said", "\0\0\0\x02\0\0"sv, false},
      {"a parameter is cut off", "\0\0\0\0\0\x01\0\0\0\x05xx"sv, false},
      {"a parameter of nearly all there is", "\0\0\0\0\0\x01\xFF\xFF\xFF\xFEx\0\0"sv, false},
      {"65535 parameters said", "\0\0\0\0\xFF\xFF"sv, false},
      {"65535 formats said", "\0\0\0\0\0\0\xFF\xFF\0\0"sv, false},
      {"something after it", "\0\0\0\0\0\0\0\0x"sv, false},
  };
  for (const auto& each : rows) EXPECT_EQ(read_bind(each.body).has_value(), each.accepted) << each.why;
}

}  // namespace
}  // namespace highwater::wire
