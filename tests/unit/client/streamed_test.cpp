#include "proxy/client/streamed.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/client_messages.hpp"

namespace highwater::proxy {
namespace {

using testing_support::write_message;

constexpr std::uint64_t longest = 1U << 30U;
constexpr std::uint64_t longest_batch = 1U << 20U;

std::string message(char type, std::size_t body = 0) {
  std::string out;
  wire::writer(out, type).bytes(std::string(body, 'x'));
  return out;
}
std::string of(const char* spec) {
  std::string out;
  write_message(out, spec);
  return out;
}
// A header that announces so many bytes behind it, and a part of them.
std::string announced(char type, std::uint32_t body, std::size_t there) {
  const auto length = body + 4;
  std::string out(1, type);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(length >> shift & 0xFFU);
  return out + std::string(there, 'x');
}

TEST(next_of_copy, says_what_becomes_of_a_message) {
  struct row {
    const char* why;
    std::string bytes;
    copy_move what;
  };
  const row rows[] = {
      {"nothing", "", copy_move::wait},
      {"half a header", "d\0\0", copy_move::wait},
      {"data", message('d', 5), copy_move::pass},
      {"data in pieces", announced('d', 1'000'000, 10), copy_move::pass},
      {"the end", message('c'), copy_move::end},
      {"a failure", announced('f', 4, 4), copy_move::end},
      {"half a failure", announced('f', 4, 2), copy_move::wait},
      {"Sync", message('S'), copy_move::sync},
      {"Flush", message('H'), copy_move::drop},
      {"Terminate", message('X'), copy_move::leave},
      {"a Query", of("Q select 1"), copy_move::unexpected},
      {"nonsense", message('?'), copy_move::unexpected},
      {"an impossible length", std::string("d\0\0\0\1", 5), copy_move::violation},
  };
  for (const auto& each : rows) EXPECT_EQ(next_of_copy(each.bytes, longest).what, each.what) << each.why;
}

TEST(next_of_stream, says_what_becomes_of_a_message) {
  struct row {
    const char* why;
    std::string bytes;
    stream_move what;
  };
  const row rows[] = {
      {"half a header", "Q\0\0", stream_move::wait},
      {"a whole one", of("P s select 1"), stream_move::send},
      {"a Query that can be held is a batch", of("Q select 1"), stream_move::batch},
      {"... and so is a FunctionCall", of("F 1"), stream_move::batch},
      {"... and is waited for", announced('Q', longest_batch - 5, 2000), stream_move::wait},
      {"a longer one comes in pieces", announced('Q', longest_batch - 4, 2000), stream_move::send},
      {"... if its beginning is there", announced('Q', longest_batch - 4, 100), stream_move::wait},
      {"a Parse does not", announced('P', 1'000'000, 2000), stream_move::wait},
      {"... nor may it be longer than can be kept", announced('P', 100U << 20U, 2000), stream_move::violation},
      {"a Bind of which the names are there", announced('B', 1'000'000, 0) + std::string(2000, '\0'),
       stream_move::send},
      {"Terminate", message('X'), stream_move::leave},
      {"malformed", message('C', 1), stream_move::violation},
      {"nonsense", message('?'), stream_move::violation},
      {"an impossible length", std::string("Q\0\0\0\1", 5), stream_move::violation},
      {"longer than may be", announced('Q', 2U << 20U, 2000), stream_move::violation},
  };
  for (const auto& each : rows) {
    const auto most = std::string_view(each.why) == "longer than may be" ? 1U << 20U : longest;
    const auto next = next_of_stream(each.bytes, most, longest_batch);
    EXPECT_EQ(next.what, each.what) << each.why;
    EXPECT_EQ(next.why.empty(), each.what != stream_move::violation) << each.why;
  }
}

TEST(next_of_stream, tells_what_ends_and_what_may_leave_anything_behind) {
  struct row {
    const char* spec;
    bool ends, leaves;
  };
  const row rows[] = {
      {"Q select 1", true, true},    {"F 1", true, true},   {"S", true, false},
      {"P s select 1", false, true}, {"B s", false, false}, {"E", false, false},
  };
  for (const auto& each : rows) {
    const auto bytes = of(each.spec);
    const auto next = next_of_stream(bytes, longest, 0);
    EXPECT_EQ(next.ends(), each.ends) << each.spec;
    EXPECT_EQ(next.may_leave_anything(), each.leaves) << each.spec;
  }
}

}  // namespace
}  // namespace highwater::proxy
