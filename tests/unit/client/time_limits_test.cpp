#include "proxy/client/time_limits.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace highwater::proxy {
namespace {

using namespace std::chrono_literals;
using excess = time_limits::excess;

constexpr routing::instant start = routing::instant(std::chrono::hours(1));

config::timeouts limits() {
  config::timeouts all;
  all.query = 10s;
  all.transaction = 60s;
  all.idle_in_transaction = 5s;
  all.client_idle = 100s;
  all.cleaning = 2s;
  return all;
}

constexpr time_limits::standing idle{}, in_transaction{.in_transaction = true}, queues{.under_way = true},
    asks{.under_way = true, .on_server = true},
    asks_within{.under_way = true, .on_server = true, .in_transaction = true};

time_limits::standing asked_at(time_limits::standing one, std::chrono::seconds when) {
  one.asked = start + when;
  return one;
}

time_limits::standing after(time_limits::standing one, std::uint32_t answered, std::uint32_t transactions) {
  one.answered = answered;
  one.transactions = transactions;
  return one;
}

TEST(time_limits, of_what_a_client_is_at) {
  struct happens {
    std::chrono::seconds when;
    time_limits::standing what;
  };
  struct row {
    std::vector<happens> events;
    std::chrono::seconds next;  // < 0: never
    excess what;
    const char* why;
  };
  const row rows[] = {
      {{{0s, idle}}, 100s, excess::client_idle, "nothing since the login"},
      {{{0s, idle}, {3s, idle}}, 100s, excess::client_idle, "half a message is nothing"},
      {{{0s, idle}, {3s, asks}, {4s, after(idle, 1, 1)}}, 104s, excess::client_idle, "from the last answer on"},
      {{{0s, queues}}, -1s, excess::none, "it waits for a connection, which has a limit of its own"},
      {{{0s, queues}, {4s, asks}}, 14s, excess::query, "from when a server has it"},
      {{{0s, asks}, {7s, after(asks, 1, 1)}}, 17s, excess::query, "the next one of a pipeline has its own time"},
      {{{0s, asks}, {7s, after(idle, 1, 1)}, {8s, after(asks, 1, 1)}}, 18s, excess::query, "... and the next one"},
      {{{0s, in_transaction}}, 5s, excess::idle_in_transaction, "BEGIN, which no server knows of yet"},
      {{{0s, in_transaction}, {2s, asks_within}, {4s, after(in_transaction, 1, 0)}},
       9s,
       excess::idle_in_transaction,
       "from the last answer on"},
      {{{0s, asks_within}, {55s, after(asks_within, 5, 0)}},
       60s,
       excess::transaction,
       "short statements of a long transaction"},
      {{{0s, asks_within}, {58s, after(in_transaction, 5, 0)}}, 60s, excess::transaction, "idle, and late by then"},
      {{{0s, asks_within}, {55s, after(asks_within, 5, 1)}}, 65s, excess::query, "another transaction, in a pipeline"},
      {{{0s, idle}, {9s, asked_at(idle, 9s)}}, 109s, excess::client_idle, "SHOW highwater.version"},
      {{{0s, in_transaction}, {3s, asked_at(idle, 3s)}},
       103s,
       excess::client_idle,
       "rolled back before any server knew of it"},
  };
  for (const auto& each : rows) {
    time_limits one;
    for (const auto& event : each.events) one.look(event.what, start + event.when);
    const auto next = one.next(limits());
    EXPECT_EQ(next == routing::never ? -1s : next - start, each.next) << each.why;
    if (next == routing::never) continue;
    EXPECT_EQ(one.exceeded(limits(), next), each.what) << each.why;
    EXPECT_EQ(one.exceeded(limits(), next - 1ms), excess::none) << each.why;
  }
}

TEST(time_limits, a_server_that_does_not_answer_to_being_canceled) {
  time_limits one;
  one.look(asks, start);
  one.canceled(start + 10s);
  EXPECT_EQ(one.next(limits()), start + 12s);
  EXPECT_EQ(one.exceeded(limits(), start + 12s), excess::deaf);
  one.look(after(asks, 1, 1), start + 11s);
  EXPECT_EQ(one.exceeded(limits(), start + 12s), excess::none) << "it has answered, and has the next one";
  EXPECT_EQ(one.next(limits()), start + 21s);
}

TEST(time_limits, a_transaction_is_not_ended_before_its_statement_has_been) {
  time_limits one;
  one.look(asks_within, start);
  one.look(after(asks_within, 1, 0), start + 55s);
  EXPECT_EQ(one.exceeded(limits(), start + 60s), excess::transaction);
  one.canceled(start + 60s);
  EXPECT_EQ(one.exceeded(limits(), start + 61s), excess::none);
  one.look(after(in_transaction, 2, 0), start + 61s);
  EXPECT_EQ(one.exceeded(limits(), start + 61s), excess::transaction);
}

TEST(time_limits, nothing_is_no_limit) {
  EXPECT_FALSE(time_limits::any({}));
  EXPECT_TRUE(time_limits::any(limits()));
  time_limits one;
  one.look(asks_within, start);
  EXPECT_EQ(one.next({}), routing::never);
  EXPECT_EQ(one.exceeded({}, start + 24h), excess::none);
}

}  // namespace
}  // namespace highwater::proxy
