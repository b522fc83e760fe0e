#include "proxy/client/inbox.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/client_messages.hpp"

namespace highwater::proxy {
namespace {

using testing_support::client_batch;

class an_inbox : public testing::Test {
protected:
  void come(std::string_view more) { inbox.buffer() += more; }
  bool is_complete() { return inbox.scan(1U << 20U, 1U << 20U) == wire::batch_scanner::outcome::complete; }
  // One of this size, of which so much is there.
  static wire::frame message(std::uint64_t size, std::string_view available) {
    wire::frame made;
    made.size = size;
    made.available = available;
    return made;
  }

  class inbox inbox {
    std::pmr::get_default_resource()
  };
  const std::string one = client_batch("Q select 1").bytes, other = client_batch("Q select 2").bytes;
};

TEST_F(an_inbox, hands_out_one_batch_after_the_other) {
  come(one + other.substr(0, 7));
  ASSERT_TRUE(is_complete());
  EXPECT_EQ(inbox.batch().size(), one.size());
  inbox.consume_batch();
  EXPECT_FALSE(is_complete());
  EXPECT_EQ(inbox.left(), other.substr(0, 7));
  come(other.substr(7));
  ASSERT_TRUE(is_complete());
  EXPECT_EQ(inbox.left(), other);
}

TEST_F(an_inbox, keeps_what_may_have_to_be_sent_again) {
  come(one + other);
  ASSERT_TRUE(is_complete());
  const auto begin = inbox.begin();
  inbox.consume_batch();
  EXPECT_EQ(inbox.compact(begin), 0U);
  inbox.back_to(begin);
  ASSERT_TRUE(is_complete());
  EXPECT_EQ(inbox.left(), one + other);
  inbox.consume_batch();
  EXPECT_EQ(inbox.compact(inbox.begin()), one.size());
  EXPECT_EQ(inbox.begin(), 0U);
  EXPECT_EQ(inbox.buffer(), other);
}

TEST_F(an_inbox, passes_a_message_on_in_pieces) {
  come("abcd");
  inbox.pass_rest_of(message(10, inbox.left()));
  inbox.consume(4);
  EXPECT_EQ(inbox.passing(), 6U);
  EXPECT_TRUE(inbox.within_message());
  EXPECT_EQ(inbox.piece(), "");
  come("efg");
  EXPECT_EQ(inbox.piece(), "efg");
  inbox.passed(3);
  come("hij" + one);
  EXPECT_EQ(inbox.piece(), "hij") << "and no more than that";
  inbox.passed(3);
  EXPECT_FALSE(inbox.within_message());
  EXPECT_EQ(inbox.left(), one);
}

TEST_F(an_inbox, is_not_empty_while_a_message_is_being_dropped) {
  come("abcd");
  inbox.drop_rest_of(message(6, inbox.left()));
  inbox.consume(4);
  inbox.compact(inbox.begin());
  EXPECT_TRUE(inbox.drops());
  EXPECT_FALSE(inbox.within_message()) << "no server gets it";
  EXPECT_FALSE(inbox.empty());
  come("ef");
  inbox.passed(inbox.piece().size());
  inbox.compact(inbox.begin());
  EXPECT_TRUE(inbox.empty());
}

}  // namespace
}  // namespace highwater::proxy
