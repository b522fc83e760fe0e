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

TEST(told_parameters, have_the_digest_of_what_the_client_believes) {
  const parameter_list at_login{{"TimeZone", "UTC"}, {"DateStyle", "ISO, MDY"}};
  told_parameters told;
  told.start(std::make_shared<const parameter_list>(at_login));
  EXPECT_EQ(told.digest(), digest_of(at_login));
  told.news("TimeZone", "Asia/Tokyo");
  EXPECT_EQ(told.believed("TimeZone"), "Asia/Tokyo");
  EXPECT_EQ(told.digest(), digest_of({{"TimeZone", "Asia/Tokyo"}, {"DateStyle", "ISO, MDY"}}));
  EXPECT_EQ(told.digest(), digest_of(told.all()));
  told.news("TimeZone", "UTC");
  EXPECT_EQ(told.digest(), digest_of(at_login));
}

TEST(told_parameters, say_whether_texts_can_be_read) {
  const struct {
    const char *strings, *encoding;
    bool plain;
  } rows[] = {{"on", "UTF8", true}, {"off", "UTF8", false}, {"on", "SJIS", false}, {"off", "SJIS", false}};
  for (const auto& row : rows) {
    const parameter_list all{{"standard_conforming_strings", row.strings}, {"client_encoding", row.encoding}};
    told_parameters at_login, later;
    at_login.start(std::make_shared<const parameter_list>(all));
    EXPECT_EQ(at_login.plain(), row.plain) << row.strings << row.encoding;
    for (const auto& [name, value] : all) later.news(name, value);
    EXPECT_EQ(later.plain(), row.plain) << row.strings << row.encoding;
  }
}

}  // namespace
}  // namespace highwater::proxy
