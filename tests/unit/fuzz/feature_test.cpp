#include "tests/fuzz/feature.hpp"

#include <gtest/gtest.h>

namespace highwater::fuzz {
namespace {

TEST(feature, names_are_read_as_they_are_written) {
  for (std::size_t i = 0; i < feature_count; ++i) {
    const auto which = static_cast<feature>(i);
    const auto read = features_of(to_string(which));
    ASSERT_TRUE(read) << to_string(which);
    EXPECT_TRUE(read->has(which));
    EXPECT_EQ(read->text(), to_string(which));
  }
  EXPECT_EQ(features_of(features::all().text())->text(), features::all().text());
}

TEST(feature, lists) {
  const struct {
    const char* list;
    const char* read;
  } cases[] = {{"", ""},           {"copy", "copy"},      {"ddl,copy", "copy,ddl"},
               {"copies", "none"}, {"copy,,ddl", "none"}, {"copy, ddl", "none"}};
  for (const auto& one : cases) {
    const auto read = features_of(one.list);
    EXPECT_EQ(read ? read->text() : "none", one.read) << one.list;
  }
}

}  // namespace
}  // namespace highwater::fuzz
