#include "proxy/wire/reply_queue.hpp"

#include <gtest/gtest.h>

namespace highwater::wire {
namespace {

using enum reply_kind;

std::vector<std::uint32_t> numbers(const reply_queue& queue) {
  std::vector<std::uint32_t> found;
  for (std::size_t i = 0; i < queue.size(); ++i) found.push_back(queue.at(i).statement);
  return found;
}

TEST(reply_queue, is_first_in_first_out_however_long_it_gets) {
  reply_queue queue;
  std::uint32_t in = 0, out = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < round % 13 + 3; ++i) queue.push({execute, false, false, ++in});
    for (int i = 0; i < 5 && !queue.empty(); ++i) {
      ASSERT_EQ(queue.front().statement, ++out);
      queue.pop();
    }
  }
  EXPECT_EQ(queue.size(), in - out);
  EXPECT_EQ(queue.at(queue.size() - 1).statement, in);
}

TEST(reply_queue, counts_the_ready_for_query_to_come) {
  reply_queue queue;
  for (const auto kind : {parse, sync, query, execute, function_call, local_parse_complete}) queue.push({kind});
  EXPECT_EQ(queue.ready_count(), 3U);
  queue.pop();
  EXPECT_EQ(queue.ready_count(), 3U);
  queue.pop();
  EXPECT_EQ(queue.ready_count(), 2U);
  queue.clear();
  EXPECT_EQ(queue.ready_count(), 0U);
  EXPECT_TRUE(queue.empty());
}

TEST(reply_queue, forgets_the_syncs_that_a_copy_swallows) {
  reply_queue queue;
  for (std::uint32_t i = 0; i < 6; ++i) queue.push({execute, false, false, i});
  for (int i = 0; i < 6; ++i) queue.pop();  // so that what follows goes round the ring's end
  std::uint32_t number = 0;
  for (const auto kind : {execute, sync, local_parse_complete, sync, local_close_complete})
    queue.push({kind, false, false, ++number});
  EXPECT_EQ(queue.forget_syncs_after_front(), 2U);
  EXPECT_EQ(numbers(queue), (std::vector<std::uint32_t>{1, 3, 5}));
  EXPECT_EQ(queue.ready_count(), 0U);
}

TEST(reply_queue, keeps_the_syncs_that_no_copy_has_met) {
  reply_queue queue;
  for (const auto kind : {execute, sync, parse, sync}) queue.push({kind});
  EXPECT_EQ(queue.forget_syncs_after_front(), 0U);
  EXPECT_EQ(queue.size(), 4U);
  EXPECT_EQ(queue.ready_count(), 2U);
}

TEST(reply_queue, keeps_the_query_in_front) {
  reply_queue queue;
  queue.push({query, false, false, 1});
  queue.push({sync, false, false, 2});
  queue.forget_syncs_after_front();
  EXPECT_EQ(numbers(queue), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(queue.ready_count(), 1U);
}

}  // namespace
}  // namespace highwater::wire
