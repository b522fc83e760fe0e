#include "proxy/wire/batch_scanner.hpp"

#include <gtest/gtest.h>

namespace highwater::wire {
namespace {

using outcome = batch_scanner::outcome;

constexpr std::uint64_t max_message = 1'000;
constexpr std::uint64_t max_batch = 200;

std::string message(char type, std::size_t body = 0) {
  std::string out;
  writer(out, type).bytes(std::string(body, 'x'));
  return out;
}
std::string messages(std::string_view types) {
  std::string out;
  for (const char type : types) out += message(type, 3);
  return out;
}

// What a scanner makes of a stream, batch by batch: "PBES:sync Q:query".
struct scanned {
  std::string text;
  outcome last = outcome::incomplete;
  friend bool operator==(const scanned&, const scanned&) = default;
};

const char* name_of(batch_end end) {
  const char* const names[] = {"query", "function_call", "sync", "flush", "terminate", "copy", "cut"};
  return names[static_cast<int>(end)];
}

// `chunk` bytes come at a time.
scanned scan(const std::string& stream, std::size_t chunk) {
  batch_scanner scanner;
  scanned result;
  std::size_t begin = 0;
  for (std::size_t there = 0; there < stream.size();) {
    there = std::min(stream.size(), there + chunk);
    for (;;) {
      result.last = scanner.scan(std::string_view(stream).substr(begin, there - begin), max_message, max_batch);
      if (result.last != outcome::complete) break;
      for (const auto& one : scanner.messages()) result.text += stream[begin + one.offset];
      result.text += std::string(":") + name_of(scanner.end()) + " ";
      begin += scanner.size();
      scanner.next();
    }
    if (result.last == outcome::violation || result.last == outcome::too_long) break;
  }
  return result;
}

TEST(batch_scanner, finds_what_travels_together) {
  struct row {
    const char *types, *expected;
  };
  const row rows[] = {
      {"Q", "Q:query "},
      {"QQ", "Q:query Q:query "},
      {"F", "F:function_call "},
      {"X", "X:terminate "},
      {"S", "S:sync "},
      {"H", "H:flush "},
      {"PBDES", "PBDES:sync "},
      {"PDHBES", "PDH:flush BES:sync "},
      {"PBESPBES", "PBES:sync PBES:sync "},
      {"PBEQ", "PBE:cut Q:query "},
      {"PBEX", "PBE:cut X:terminate "},
      {"PBEd", "PBE:cut d:copy "},
      {"ddcS", "d:copy d:copy c:copy S:sync "},
      {"f", "f:copy "},
      {"CS", "CS:sync "},
      {"QPBE", "Q:query "},
  };
  for (const auto& each : rows) EXPECT_EQ(scan(messages(each.types), 1'000'000).text, each.expected) << each.types;
}

TEST(batch_scanner, finds_the_same_however_the_bytes_arrive) {
  for (const char* types : {"Q", "PBDES", "PDHBES", "PBEQS", "ddcS", "QPBESQX", "PBEd", "PBE", "Pz", "PBR"}) {
    const auto stream = messages(types);
    const auto at_once = scan(stream, stream.size());
    for (std::size_t chunk = 1; chunk < stream.size(); ++chunk) {
      EXPECT_EQ(scan(stream, chunk), at_once) << types << " by " << chunk;
    }
  }
}

// Somebody may have to wait before it can be dealt with, and look again then.
TEST(batch_scanner, keeps_a_batch_until_it_has_been_dealt_with) {
  const auto first = message('P', 10) + message('S');
  const auto both = first + message('Q', 10);
  batch_scanner scanner;
  EXPECT_FALSE(scanner.held());
  ASSERT_EQ(scanner.scan(first, max_message, max_batch), outcome::complete);
  for (const auto& bytes : {first, both}) {
    EXPECT_EQ(scanner.scan(bytes, max_message, max_batch), outcome::complete);
    EXPECT_TRUE(scanner.held());
    EXPECT_EQ(scanner.size(), first.size());
    EXPECT_EQ(scanner.messages().size(), 2U);
    EXPECT_EQ(scanner.end(), batch_end::sync);
  }
  scanner.next();
  EXPECT_FALSE(scanner.held());
  EXPECT_EQ(scanner.scan(message('Q', 10), max_message, max_batch), outcome::complete);
  EXPECT_EQ(scanner.end(), batch_end::query);
}

TEST(batch_scanner, tells_where_each_message_lies) {
  const auto stream = message('P', 10) + message('B', 20) + message('S');
  batch_scanner scanner;
  ASSERT_EQ(scanner.scan(stream, max_message, max_batch), outcome::complete);
  ASSERT_EQ(scanner.messages().size(), 3U);
  EXPECT_EQ(scanner.messages()[1].offset, 15U);
  EXPECT_EQ(scanner.messages()[1].size, 25U);
  EXPECT_EQ(scanner.size(), stream.size());
}

TEST(batch_scanner, refuses_what_no_client_may_send) {
  for (int type = 0; type < 256; ++type) {
    const char letter = static_cast<char>(type);
    const bool known = std::string_view("BCDEFHPQSXdcf").find(letter) != std::string_view::npos;
    EXPECT_EQ(scan(message(letter), 100).last == outcome::violation, !known) << type;
  }
}

TEST(batch_scanner, refuses_lengths_that_cannot_be) {
  for (const std::uint32_t length : {0U, 3U, 1'001U, 0x80000000U, 0xFFFFFFFFU}) {
    auto bytes = message('Q');
    store_u32(bytes.data() + 1, length);
    EXPECT_EQ(scan(bytes, 100).last, outcome::violation) << length;
  }
}

TEST(batch_scanner, says_that_a_batch_is_too_long_before_it_is_there) {
  batch_scanner scanner;
  const auto stream = message('P', 50) + message('B', 200);
  EXPECT_EQ(scanner.scan(stream.substr(0, 60), max_message, max_batch), outcome::too_long);
  ASSERT_EQ(scanner.messages().size(), 1U);
  EXPECT_EQ(scanner.messages()[0].type, 'P');
  EXPECT_EQ(scanner.size(), 55U);
}

TEST(batch_scanner, takes_a_batch_of_exactly_the_limit) {
  batch_scanner scanner;
  EXPECT_EQ(scanner.scan(message('Q', 195), max_message, max_batch), outcome::complete);
  scanner.next();
  EXPECT_EQ(scanner.scan(message('Q', 196), max_message, max_batch), outcome::too_long);
}

}  // namespace
}  // namespace highwater::wire
