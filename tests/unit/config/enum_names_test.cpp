#include "config/enum_names.hpp"

#include <gtest/gtest.h>

namespace highwater {
namespace some_room {

enum class colour : unsigned char { red, green, blue };
constexpr std::string_view to_string(colour value) noexcept {
  switch (value) {
    using enum colour;
    case red:
      return "red";
    case green:
      return "green";
    case blue:
      return "blue";
  }
  return {};
}

}  // namespace some_room

namespace {

using some_room::colour;

static_assert(count_of<colour>() == 3);

TEST(enum_names, lead_back_to_their_values) {
  EXPECT_EQ(named<colour>("green"), colour::green);
  EXPECT_EQ(named<colour>("Green"), std::nullopt);
  EXPECT_EQ(named<colour>(""), std::nullopt);
}

TEST(enum_names, are_listed_for_people) {
  EXPECT_EQ(all_names<colour>(), "red, green, blue");
}

}  // namespace
}  // namespace highwater
