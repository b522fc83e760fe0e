#include "proxy/client/told_parameters.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

TEST(told_parameters, are_news_only_when_they_change) {
  told_parameters told;
  told.start(std::make_shared<const parameter_list>(parameter_list{{"TimeZone", "UTC"}, {"DateStyle", "ISO, MDY"}}));
  struct row {
    const char *name, *value;
    bool news;
  };
  const row reports[] = {
      {"TimeZone", "UTC", false},       {"TimeZone", "Asia/Tokyo", true}, {"TimeZone", "Asia/Tokyo", false},
      {"DateStyle", "ISO, MDY", false}, {"TimeZone", "UTC", true},        {"TimeZone", "UTC", false},
      {"search_path", "public", true},  // not told at login
      {"search_path", "public", false}, {"DateStyle", "German", true},    {"TimeZone", "UTC", false},
  };
  for (const auto& each : reports) EXPECT_EQ(told.news(each.name, each.value), each.news) << each.name << each.value;
  EXPECT_EQ(find_parameter(told.at_login(), "DateStyle"), "ISO, MDY");
}

TEST(told_parameters, are_none_before_the_login) {
  told_parameters told;
  EXPECT_TRUE(told.at_login().empty());
  EXPECT_TRUE(told.news("TimeZone", "UTC"));
}

}  // namespace
}  // namespace highwater::proxy
