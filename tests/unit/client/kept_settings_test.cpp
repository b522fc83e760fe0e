#include "proxy/client/kept_settings.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

const parameter_list believed{{"standard_conforming_strings", "on"},
                              {"TimeZone", "UTC"},
                              {"is_superuser", "off"},
                              {"server_version", "15.1"},
                              {"in_hot_standby", "off"},
                              {"session_authorization", "bob"}};

TEST(kept_settings, are_what_the_client_believes_and_the_connection_does_not_have) {
  const struct {
    const char* what;
    const char *reported, *value;
    session_settings have, missing;
  } rows[] = {
      {"the same", "TimeZone", "UTC", {}, {}},
      {"another value", "standard_conforming_strings", "off", {}, {{"standard_conforming_strings", "on"}}},
      {"a name in capitals", "TimeZone", "Asia/Tokyo", {}, {{"timezone", "UTC"}}},
      {"one that the client has set", "TimeZone", "Asia/Tokyo", {{"timezone", "japan"}}, {}},
      {"others have no bearing on it", "TimeZone", "Asia/Tokyo", {{"work_mem", "1MB"}}, {{"timezone", "UTC"}}},
      {"the server's", "server_version", "15.2", {}, {}},
      {"the node's", "in_hot_standby", "on", {}, {}},
      {"who one is", "is_superuser", "on", {}, {}},
      {"who one is, too", "session_authorization", "ann", {}, {}},
      {"never told of", "search_path", "public", {}, {}},
  };
  for (const auto& row : rows) {
    auto reported = believed;
    put_parameter(reported, row.reported, row.value);
    const auto found = settings_to_keep(believed, reported, row.have);
    EXPECT_EQ(found.value_or(session_settings{}), row.missing) << row.what;
    EXPECT_EQ(found.has_value(), !row.missing.empty()) << row.what;
  }
}

TEST(kept_settings, are_none_of_what_a_connection_does_not_report) {
  EXPECT_FALSE(settings_to_keep(believed, {}, {}));
}

}  // namespace
}  // namespace highwater::proxy
