#include "proxy/server/reported_parameters.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

TEST(reported_parameters, say_the_same_or_do_not) {
  const parameter_list one{{"TimeZone", "UTC"}, {"DateStyle", "ISO"}};
  const struct {
    const char* what;
    parameter_list other;
    bool same;
  } rows[] = {
      {"equal", one, true},
      {"another order", {{"DateStyle", "ISO"}, {"TimeZone", "UTC"}}, true},
      {"another value", {{"TimeZone", "UTC"}, {"DateStyle", "German"}}, false},
      {"values exchanged", {{"TimeZone", "ISO"}, {"DateStyle", "UTC"}}, false},
      {"one more", {{"TimeZone", "UTC"}, {"DateStyle", "ISO"}, {"IntervalStyle", "postgres"}}, false},
      {"one less", {{"TimeZone", "UTC"}}, false},
      {"the node's", {{"TimeZone", "UTC"}, {"DateStyle", "ISO"}, {"in_hot_standby", "on"}}, true},
      {"the server's", {{"TimeZone", "UTC"}, {"DateStyle", "ISO"}, {"server_version", "15.1"}}, true},
      {"who one is", {{"TimeZone", "UTC"}, {"DateStyle", "ISO"}, {"is_superuser", "on"}}, true},
  };
  for (const auto& row : rows) EXPECT_EQ(digest_of(one) == digest_of(row.other), row.same) << row.what;
  EXPECT_NE(digest_of({}), 0U);
}

TEST(reported_parameters, are_replaced_by_name) {
  parameter_list all{{"TimeZone", "UTC"}};
  put_parameter(all, "TimeZone", "Asia/Tokyo");
  put_parameter(all, "DateStyle", "ISO");
  EXPECT_EQ(all, (parameter_list{{"TimeZone", "Asia/Tokyo"}, {"DateStyle", "ISO"}}));
  EXPECT_EQ(find_parameter(all, "DateStyle"), "ISO");
  EXPECT_EQ(find_parameter(all, "IntervalStyle"), std::nullopt);
}

}  // namespace
}  // namespace highwater::proxy
