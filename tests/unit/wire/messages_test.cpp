#include "proxy/wire/messages.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "proxy/wire/frame.hpp"

namespace highwater::wire {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(transaction_status, is_one_of_three_letters) {
  for (int byte = 0; byte < 256; ++byte) {
    const char letter = static_cast<char>(byte);
    const auto status = to_transaction_status(letter);
    EXPECT_EQ(status.has_value(), letter == 'I' || letter == 'T' || letter == 'E');
    EXPECT_EQ(static_cast<char>(status.value_or(static_cast<transaction_status>(letter))), letter);
  }
}

TEST(read_parse, takes_it_apart) {
  const auto found = read_parse("s1\0SELECT $1\0\0\x01\0\0\0\x17"sv);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "s1");
  EXPECT_EQ(found->query, "SELECT $1");
  EXPECT_EQ(found->parameter_types, "\0\x01\0\0\0\x17"sv);
}

TEST(read_bind_names, leaves_the_rest_alone) {
  const auto found = read_bind_names("portal\0statement\0\0\0\0\0\0\0"sv);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->portal, "portal");
  EXPECT_EQ(found->statement, "statement");
  EXPECT_EQ(found->size, 17U);
}

TEST(read_bind_count, counts_parameters_and_not_their_formats) {
  struct row {
    const char* why;
    std::string_view body;
    std::optional<std::uint16_t> count;
  };
  const row rows[] = {
      {"none", "\0s\0\0\0\0\0\0\0"sv, 0},
      {"two, in two formats", "p\0s\0\0\x02\0\0\0\x01\0\x02"sv, 2},
      {"formats that are not there", "p\0s\0\0\x02\0\0"sv, std::nullopt},
      {"no count", "p\0s\0\0\0"sv, std::nullopt},
      {"only names", "p\0s\0"sv, std::nullopt},
  };
  for (const auto& each : rows) EXPECT_EQ(read_bind_count(each.body), each.count) << each.why;
}

TEST(read_target, knows_statements_and_portals) {
  EXPECT_EQ(read_target("Sname\0"sv)->name, "name");
  EXPECT_EQ(read_target("P\0"sv)->kind, 'P');
}

TEST(read_execute, gives_portal_and_limit) {
  const auto found = read_execute("p\0\0\0\x01\0"sv);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->portal, "p");
  EXPECT_EQ(found->max_rows, 256U);
}

TEST(read_parameter_status, gives_name_and_value) {
  const auto found = read_parameter_status("TimeZone\0UTC\0"sv);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "TimeZone");
  EXPECT_EQ(found->value, "UTC");
}

TEST(messages, that_are_malformed_are_refused) {
  struct row {
    const char* why;
    bool accepted;
  };
  const row rows[] = {
      {"Parse: empty", read_parse("").has_value()},
      {"Parse: name only", read_parse("s1\0"sv).has_value()},
      {"Parse: query without an end", read_parse("s1\0SELECT"sv).has_value()},
      {"Parse: no types", read_parse("s1\0SELECT\0"sv).has_value()},
      {"Parse: fewer types than said", read_parse("\0\0\0\x02\0\0\0\x17"sv).has_value()},
      {"Parse: more types than said", read_parse("\0\0\0\0\0\0\0\x17"sv).has_value()},
      {"Parse: 65535 types said", read_parse("\0\0\xFF\xFF"sv).has_value()},
      {"Bind: one name", read_bind_names("portal\0"sv).has_value()},
      {"Bind: no end", read_bind_names("portal\0statement"sv).has_value()},
      {"Describe: empty", read_target("").has_value()},
      {"Describe: unknown kind", read_target("Xname\0"sv).has_value()},
      {"Describe: no end", read_target("Sname"sv).has_value()},
      {"Describe: something after it", read_target("Sname\0x"sv).has_value()},
      {"Execute: no limit", read_execute("p\0\0\0"sv).has_value()},
      {"Execute: something after it", read_execute("p\0\0\0\0\0x"sv).has_value()},
      {"Query: no end", read_single_string("SELECT 1").has_value()},
      {"Query: a NUL inside", read_single_string("SELECT\0 1\0"sv).has_value()},
      {"ParameterStatus: no value", read_parameter_status("TimeZone\0"sv).has_value()},
      {"ParameterStatus: something after it", read_parameter_status("TimeZone\0UTC\0\0"sv).has_value()},
      {"BackendKeyData: short", read_backend_key("\0\0\0\x01\0\0\0"sv).has_value()},
      {"BackendKeyData: long", read_backend_key("\0\0\0\x01\0\0\0\x02x"sv).has_value()},
  };
  for (const auto& each : rows) EXPECT_FALSE(each.accepted) << each.why;
}

TEST(messages, are_written_as_the_manual_has_them) {
  using out_ref = std::string&;
  const std::string_view unknown[] = {"_pq_.a", "_pq_.b"};
  const auto secret = "0123456789abcdef\0\xff\r\n0123456789ab"s;
  struct row {
    const char* what;
    std::function<void(out_ref)> write;
    std::string expected;
  };
  const row rows[] = {
      {"Query", [](out_ref o) { write_query(o, "SELECT 1"); }, "Q\0\0\0\x0DSELECT 1\0"s},
      {"Parse", [](out_ref o) { write_parse(o, "n", "q", "\0\0"sv); }, "P\0\0\0\x0An\0q\0\0\0"s},
      {"Bind", [](out_ref o) { write_bind(o, "p", "n"); }, "B\0\0\0\x0Ep\0n\0\0\0\0\0\0\0"s},
      {"Execute", [](out_ref o) { write_execute(o, "p"); }, "E\0\0\0\x0Ap\0\0\0\0\0"s},
      {"Close", [](out_ref o) { write_target(o, 'C', 'S', "n"); }, "C\0\0\0\x07Sn\0"s},
      {"Sync", [](out_ref o) { write_empty(o, 'S'); }, "S\0\0\0\x04"s},
      {"Password", [](out_ref o) { write_password(o, "pw"); }, "p\0\0\0\x07pw\0"s},
      {"SASLInitialResponse", [](out_ref o) { write_sasl_initial_response(o, "M", "data"); },
       "p\0\0\0\x0EM\0\0\0\0\x04"
       "data"s},
      {"SASLResponse", [](out_ref o) { write_sasl_response(o, "data"); },
       "p\0\0\0\x08"
       "data"s},
      {"AuthenticationOk", [](out_ref o) { write_authentication_ok(o); }, "R\0\0\0\x08\0\0\0\0"s},
      {"AuthenticationSASL",
       [](out_ref o) {
         write_authentication_sasl(o, std::array{"M"sv, "N"sv});
       },
       "R\0\0\0\x0D\0\0\0\x0AM\0N\0\0"s},
      {"SASLContinue", [](out_ref o) { write_authentication_sasl_continue(o, "x"); }, "R\0\0\0\x09\0\0\0\x0Bx"s},
      {"SASLFinal", [](out_ref o) { write_authentication_sasl_final(o, "x"); }, "R\0\0\0\x09\0\0\0\x0Cx"s},
      {"BackendKeyData",
       [](out_ref o) {
         write_backend_key(o, {1, 2});
       },
       "K\0\0\0\x0C\0\0\0\x01\0\0\0\x02"s},
      {"BackendKeyData of 3.2",
       [&](out_ref o) {
         write_backend_key(o, {1, cancel_secret(secret)});
       },
       "K\0\0\0\x28\0\0\0\x01"s + secret},
      {"ParameterStatus", [](out_ref o) { write_parameter_status(o, "a", "b"); },
       "S\0\0\0\x08"
       "a\0b\0"s},
      {"ReadyForQuery", [](out_ref o) { write_ready_for_query(o, transaction_status::failed); },
       "Z\0\0\0\x05"
       "E"s},
      {"CommandComplete", [](out_ref o) { write_command_complete(o, "SHOW"); }, "C\0\0\0\x09SHOW\0"s},
      {"DataRow", [](out_ref o) { write_text_row(o, "v"); }, "D\0\0\0\x0B\0\x01\0\0\0\x01v"s},
      {"NegotiateProtocolVersion", [&](out_ref o) { write_negotiate_protocol_version(o, 0, unknown, 2); },
       "v\0\0\0\x1A\0\x03\0\0\0\0\0\x02_pq_.a\0_pq_.b\0"s},  // 3.0, whole
      {"NegotiateProtocolVersion of 3.2", [&](out_ref o) { write_negotiate_protocol_version(o, 2, unknown, 1); },
       "v\0\0\0\x13\0\x03\0\x02\0\0\0\x01_pq_.a\0"s},
      {"CancelRequest",
       [](out_ref o) {
         write_cancel_request(o, {1, 2});
       },
       "\0\0\0\x10\x04\xD2\x16\x2E\0\0\0\x01\0\0\0\x02"s},
      {"CancelRequest of 3.2",
       [&](out_ref o) {
         write_cancel_request(o, {1, cancel_secret(secret)});
       },
       "\0\0\0\x2C\x04\xD2\x16\x2E\0\0\0\x01"s + secret},
  };
  for (const auto& each : rows) {
    std::string out;
    each.write(out);
    EXPECT_EQ(out, each.expected) << each.what;
  }
}

TEST(messages, describe_a_text_column) {
  std::string out;
  write_text_row_description(out, "level");
  frame found;
  ASSERT_EQ(peek_frame(out, 1'000, found), frame_status::ok);
  ASSERT_TRUE(found.complete());
  reader in(found.body());
  EXPECT_EQ(in.u16(), 1);
  EXPECT_EQ(in.c_string(), "level");
  in.take(6);
  EXPECT_EQ(in.u32(), 25U) << "OID of text";
  in.take(8);
  EXPECT_TRUE(in.done());
}

}  // namespace
}  // namespace highwater::wire
