#include "config/network.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace highwater::config {
namespace {

TEST(network, holds_what_its_prefix_says) {
  struct row {
    std::string_view network;
    std::vector<std::string_view> in;
    std::vector<std::string_view> out;
    const char* why;
  };
  const row rows[] = {
      {"all", {"0.0.0.0", "255.255.255.255", "::", "2001:db8::1"}, {}, "everybody"},
      {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"}, {"::", "2001:db8::1"}, "all of IPv4, no IPv6"},
      {"::/0", {"::", "ffff::"}, {"0.0.0.0", "::ffff:1.2.3.4"}, "all of IPv6; mapped addresses are IPv4"},
      {"128.0.0.0/1", {"128.0.0.0", "255.0.0.1"}, {"127.255.255.255"}, "one bit"},
      {"10.0.0.0/7", {"10.0.0.0", "11.255.255.255"}, {"9.255.255.255", "12.0.0.0"}, "a bit less than a byte"},
      {"10.0.0.0/8", {"10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"}, {"9.0.0.0", "11.0.0.0"}, "a byte"},
      {"10.0.0.0/9", {"10.0.0.0", "10.127.255.255"}, {"10.128.0.0"}, "a bit more"},
      {"10.9.8.7/8", {"10.0.0.0", "10.255.255.255"}, {"11.9.8.7"}, "bits behind the prefix do not count"},
      {"10.0.0.2/31", {"10.0.0.2", "10.0.0.3"}, {"10.0.0.1", "10.0.0.4"}, "two"},
      {"10.0.0.2/32", {"10.0.0.2", "::ffff:10.0.0.2"}, {"10.0.0.3", "::10.0.0.2"}, "one"},
      {"10.0.0.2", {"10.0.0.2"}, {"10.0.0.3", "10.0.0.0"}, "one without a prefix"},
      {"2001:db8::/32", {"2001:db8::", "2001:db8:ffff::1"}, {"2001:db9::", "32.1.13.184"}, "IPv6"},
      {"2001:db8::/33", {"2001:db8:7fff::"}, {"2001:db8:8000::"}, "IPv6 within a byte"},
      {"::1/127", {"::", "::1"}, {"::2"}, "two"},
      {"::1/128", {"::1"}, {"::", "0.0.0.1"}, "one"},
      {"::1", {"::1"}, {"::"}, "one without a prefix"},
  };
  for (const auto& [text, in, out, why] : rows) {
    const auto value = parse_network(text);
    ASSERT_TRUE(value) << text;
    for (const auto each : in) EXPECT_TRUE(contains(*value, *parse_ip(each))) << each << " in " << text << ": " << why;
    for (const auto each : out)
      EXPECT_FALSE(contains(*value, *parse_ip(each))) << each << " in " << text << ": " << why;
  }
}

TEST(network, is_written_as_it_is_read) {
  for (const std::string text : {"all", "10.0.0.0/8", "10.0.0.1", "0.0.0.0/0", "::/0", "::1", "2001:db8::/32"}) {
    EXPECT_EQ(to_string(*parse_network(text)), text);
  }
}

TEST(network, refuses_what_is_none) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv,
                          "/8"sv,
                          "10.0.0.0/"sv,
                          "10.0.0.0/33"sv,
                          "::/129"sv,
                          "10.0.0.0/-1"sv,
                          "10.0.0.0/08"sv,
                          "10.0.0.0/ 8"sv,
                          "10.0.0.0/8/8"sv,
                          "10/8"sv,
                          "10.0.0/24"sv,
                          "010.0.0.1"sv,
                          "256.0.0.1"sv,
                          "10.0.0.0/255.0.0.0"sv,
                          " 10.0.0.1"sv,
                          "ALL"sv,
                          "all/0"sv,
                          "fe80::1%eth0"sv,
                          "[::1]"sv,
                          "10.0.0.1\0"sv,
                          "localhost"sv,
                          "::ffff:10.0.0.0/104"sv,
                          "::ffff:10.0.0.1"sv,
                          "10.0.0.0/99999999999999999999"sv}) {
    EXPECT_FALSE(parse_network(text)) << text;
  }
}

TEST(ip, is_the_same_mapped_or_not) {
  const ip four(ip::v4_bytes{10, 0, 0, 1});
  const ip mapped(ip::v6_bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1});
  EXPECT_EQ(four, mapped);
  EXPECT_FALSE(mapped.is_v6());
  EXPECT_EQ(to_string(mapped), "10.0.0.1");
  const ip other(ip::v6_bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 10, 0, 0, 1});
  EXPECT_TRUE(other.is_v6());
  EXPECT_EQ(other.bytes().size(), 16U);
}

}  // namespace
}  // namespace highwater::config
