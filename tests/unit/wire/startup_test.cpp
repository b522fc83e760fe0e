#include "proxy/wire/startup.hpp"

#include <gtest/gtest.h>

namespace highwater::wire {
namespace {

using namespace std::string_literals;
using pairs = std::vector<std::pair<std::string, std::string>>;

std::string packet(std::uint32_t code, const std::string& rest, std::optional<std::uint32_t> length = {}) {
  std::string bytes(8, '\0');
  store_u32(bytes.data(), length.value_or(static_cast<std::uint32_t>(8 + rest.size())));
  store_u32(bytes.data() + 4, code);
  return bytes + rest;
}
constexpr std::uint32_t v3 = 3U << 16, ssl = 80877103, gss = 80877104, cancel = 80877102;

startup_packet read(const std::string& bytes) {
  std::size_t consumed = 0;
  return read_startup(bytes, consumed);
}

TEST(read_startup, gives_user_database_and_settings) {
  const auto bytes = packet(v3, "user\0app\0database\0shop\0TimeZone\0UTC\0\0"s) + "more";
  std::size_t consumed = 0;
  const auto found = read_startup(bytes, consumed);
  ASSERT_TRUE(std::holds_alternative<startup_request>(found));
  const auto& request = std::get<startup_request>(found);
  EXPECT_EQ(request.minor, 0U);
  EXPECT_EQ(request.parameters, (pairs{{"user", "app"}, {"database", "shop"}, {"TimeZone", "UTC"}}));
  EXPECT_TRUE(request.unknown_options.empty());
  EXPECT_EQ(consumed, bytes.size() - 4);
}

TEST(read_startup, waits_for_the_rest) {
  const auto bytes = packet(v3, "user\0app\0\0"s);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::size_t consumed = 99;
    EXPECT_TRUE(std::holds_alternative<startup_incomplete>(read_startup(bytes.substr(0, size), consumed))) << size;
    EXPECT_EQ(consumed, 0U);
  }
  EXPECT_TRUE(std::holds_alternative<startup_request>(read(bytes)));
}

TEST(read_startup, knows_the_special_requests) {
  EXPECT_TRUE(std::holds_alternative<ssl_request>(read(packet(ssl, ""))));
  EXPECT_TRUE(std::holds_alternative<gss_request>(read(packet(gss, ""))));
  const auto found = read(packet(cancel, "\0\0\0\x07\0\0\0\x09"s));
  ASSERT_TRUE(std::holds_alternative<cancel_request>(found));
  EXPECT_EQ(std::get<cancel_request>(found).key.process, 7U);
  EXPECT_EQ(std::get<cancel_request>(found).key.secret, 9U);
}

TEST(read_startup, takes_cancel_requests_with_keys_of_any_length_that_there_is) {
  const std::string key(cancel_secret::longest_in_protocol, 'k');
  for (std::size_t size = cancel_secret::shortest; size <= key.size(); ++size) {
    const auto bytes = packet(cancel, "\0\0\0\x07"s + key.substr(0, size));
    std::size_t consumed = 0;
    const auto found = read_startup(bytes + "x", consumed);
    ASSERT_TRUE(std::holds_alternative<cancel_request>(found)) << size;
    EXPECT_EQ(consumed, 12 + size);
    EXPECT_EQ(std::get<cancel_request>(found).key.process, 7U);
    EXPECT_EQ(std::get<cancel_request>(found).key.secret.bytes(), size <= 32 ? key.substr(0, size) : "")
        << size << ": a longer one is nobody's";
  }
}

TEST(spoken_minor, is_the_newest_that_both_know) {
  const std::pair<std::uint32_t, std::uint32_t> rows[] = {{0, 0}, {1, 0}, {2, 2}, {3, 2}, {9'999, 2}, {0xFFFF, 2}};
  for (const auto& [asked, spoken] : rows) EXPECT_EQ(spoken_minor(asked), spoken) << asked;
  EXPECT_EQ(cancel_secret_size(0), 4U);
  EXPECT_EQ(cancel_secret_size(2), 32U);
}

TEST(read_startup, takes_options_apart_and_keeps_protocol_extensions) {
  const auto found =
      read(packet(v3 + 9'999, "user\0app\0options\0-c geqo=off --work-mem=64kB\0_pq_.x\0on\0_pq_.y\0\0\0"s));
  ASSERT_TRUE(std::holds_alternative<startup_request>(found));
  const auto& request = std::get<startup_request>(found);
  EXPECT_EQ(request.minor, 9'999U);
  EXPECT_EQ(request.parameters, (pairs{{"user", "app"}}));
  EXPECT_EQ(request.options, (pairs{{"geqo", "off"}, {"work_mem", "64kB"}}));
  EXPECT_EQ(request.unknown_options, (std::vector<std::string>{"_pq_.x", "_pq_.y"}));
}

TEST(read_startup, reads_the_last_options_alone) {
  const auto found = read(packet(v3, "options\0-c geqo=off\0user\0app\0options\0-c user=dba\0\0"s));
  ASSERT_TRUE(std::holds_alternative<startup_request>(found));
  EXPECT_EQ(std::get<startup_request>(found).parameters, (pairs{{"user", "app"}}));
  EXPECT_EQ(std::get<startup_request>(found).options, (pairs{{"user", "dba"}}));
}

TEST(read_startup, has_no_answer_to_what_is_no_packet_at_all) {
  const std::pair<const char*, std::string> rows[] = {
      {"length 0", packet(v3, "", 0)},
      {"length below its own size", packet(v3, "", 3)},
      {"no room for a code", packet(v3, "", 7)},
      {"too long", packet(v3, "", max_startup_size + 1)},
      {"2^31", packet(v3, "", 0x80000000)},
      {"2^32 - 1", packet(v3, "", 0xFFFFFFFF)},
      {"an HTTP request", "GET / HTTP/1.1\r\n\r\n"},
      {"a cancel request without a process", packet(cancel, "\0\0\0"s)},
      {"a cancel request without a secret", packet(cancel, "\0\0\0\x07"s)},
      {"a cancel request that is short", packet(cancel, "\0\0\0\x07\0\0\0"s)},
      {"a cancel request that is long", packet(cancel, "\0\0\0\x07"s + std::string(257, 'k'))},
  };
  for (const auto& [why, bytes] : rows) EXPECT_TRUE(std::holds_alternative<not_startup>(read(bytes))) << why;
}

TEST(read_startup, refuses_hostile_packets) {
  struct row {
    const char* why;
    std::string bytes;
    std::string_view code = sqlstate::protocol_violation;
  };
  const row rows[] = {
      {"nothing but the code", packet(v3, "")},
      {"no terminator", packet(v3, "user\0app\0"s)},
      {"a name without a value", packet(v3, "user\0"s)},
      {"a value without an end", packet(v3, "user\0app"s)},
      {"something after the terminator", packet(v3, "user\0app\0\0x"s)},
      {"options that are none", packet(v3, "user\0app\0options\0-D /tmp\0\0"s), sqlstate::syntax_error},
      {"protocol 2", packet(2U << 16, "user\0app\0\0"s), sqlstate::feature_not_supported},
      {"protocol 4", packet(4U << 16, "user\0app\0\0"s), sqlstate::feature_not_supported},
  };
  for (const auto& each : rows) {
    const auto found = read(each.bytes);
    ASSERT_TRUE(std::holds_alternative<error>(found)) << each.why;
    EXPECT_EQ(std::get<error>(found).code, each.code) << each.why;
  }
  EXPECT_EQ(std::get<error>(read(packet(4U << 16, ""))).message,
            "unsupported frontend protocol 4.0: Highwater supports 3.0 to 3.2");
}

TEST(read_startup, holds_as_much_as_postgresql_does) {
  const auto parameter = "user\0app\0application_name\0"s;
  const std::string filler(max_startup_size - 8 - parameter.size() - 2, 'x');
  EXPECT_TRUE(std::holds_alternative<startup_request>(read(packet(v3, parameter + filler + "\0\0"s))));
  EXPECT_TRUE(std::holds_alternative<not_startup>(read(packet(v3, parameter + filler + "x\0\0"s))));
}

TEST(split_options, does_it_as_the_server_does) {
  struct row {
    const char* options;
    pairs expected;
  };
  const row rows[] = {
      {"", {}},
      {"   \t\n ", {}},
      {"-c geqo=off", {{"geqo", "off"}}},
      {"-cgeqo=off", {{"geqo", "off"}}},
      {"--geqo=off", {{"geqo", "off"}}},
      {"  -c   geqo=off   -c work_mem=64kB ", {{"geqo", "off"}, {"work_mem", "64kB"}}},
      {"--statement-timeout=5s", {{"statement_timeout", "5s"}}},
      {"-c extra-float-digits=3", {{"extra_float_digits", "3"}}},
      {"-c search_path=a\\ b", {{"search_path", "a b"}}},
      {"-c search_path=a\\\\b", {{"search_path", "a\\b"}}},
      {"-c search_path=a,b-c", {{"search_path", "a,b-c"}}},
      {"-c a.b=c=d", {{"a.b", "c=d"}}},
      {"-c geqo=", {{"geqo", ""}}},
  };
  for (const auto& each : rows) {
    pairs found;
    EXPECT_FALSE(split_options(each.options, found)) << each.options;
    EXPECT_EQ(found, each.expected) << each.options;
  }
}

TEST(join_options, is_split_into_the_same) {
  const pairs rows[] = {
      {},
      {{"geqo", "off"}},
      {{"application_name", "standby 1"}, {"DateStyle", "ISO, DMY"}},
      {{"search_path", "a\\ b,\t\"c\"\n"}, {"geqo", ""}, {"a.b", "c=d -c user=dba --x"}},
      {{"application_name", "\xc3\xa9\x85\xa0\v\f\r"}},
      {{"user", "-c"}, {"replication", "-"}},
  };
  for (const auto& each : rows) {
    pairs found;
    EXPECT_FALSE(split_options(join_options(each), found)) << join_options(each);
    EXPECT_EQ(found, each);
  }
}

TEST(split_options, refuses_everything_else_as_the_server_does) {
  const std::pair<const char*, const char*> rows[] = {
      {"-c", "invalid command-line argument for server process: -c"},
      {"-D /tmp", "invalid command-line argument for server process: -D"},
      {"-", "invalid command-line argument for server process: -"},
      {"geqo=off", "invalid command-line argument for server process: geqo=off"},
      {"-c geqo=on x", "invalid command-line argument for server process: x"},
      {"-c geqo", "-c geqo requires a value"},
      {"-cgeqo", "-c geqo requires a value"},
      {"-c =off", "-c =off requires a value"},
      {"--geqo", "--geqo requires a value"},
      {"--=x", "--=x requires a value"},
  };
  for (const auto& [options, message] : rows) {
    pairs found;
    const auto wrong = split_options(options, found);
    ASSERT_TRUE(wrong) << options;
    EXPECT_EQ(wrong->code, "42601") << options;
    EXPECT_EQ(wrong->message, message) << options;
  }
}

}  // namespace
}  // namespace highwater::wire
