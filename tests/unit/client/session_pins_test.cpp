#include "proxy/client/session_pins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/wire/bytes.hpp"

namespace highwater::proxy {
namespace {

using sql::pin_reason;

std::string row(const std::vector<const char*>& values) {
  std::string message;
  {
    wire::writer out(message, 'D');
    out.u16(static_cast<std::uint16_t>(values.size()));
    for (const char* value : values) out.u32(static_cast<std::uint32_t>(std::strlen(value))).bytes(value);
  }
  return message.substr(5);
}

session_pins pinned(const std::vector<pin_reason>& reasons) {
  session_pins some;
  for (const auto why : reasons) some.add(why);
  some.transaction_over(false, false);
  return some;
}

TEST(session_pins, counts_each_reason_once) {
  session_pins some;
  EXPECT_FALSE(some.any());
  EXPECT_TRUE(some.add(pin_reason::listen));
  EXPECT_FALSE(some.add(pin_reason::listen));
  EXPECT_TRUE(some.add(pin_reason::advisory_lock));
  EXPECT_TRUE(some.any());
  some.clear();
  EXPECT_FALSE(some.any());
}

TEST(session_pins, are_doubted_when_what_made_them_may_be_gone) {
  struct row {
    pin_reason why;
    const char* done;
    bool doubted;
  };
  const row rows[] = {
      {pin_reason::hold_cursor, "CLOSE CURSOR", true},
      {pin_reason::hold_cursor, "CLOSE CURSOR ALL", true},
      {pin_reason::hold_cursor, "FETCH 10", false},
      {pin_reason::hold_cursor, "UNLISTEN", false},
      {pin_reason::listen, "UNLISTEN", true},
      {pin_reason::listen, "LISTEN", false},
      {pin_reason::temporary_table, "DROP TABLE", true},
      {pin_reason::temporary_table, "DISCARD TEMP", true},
      {pin_reason::temporary_table, "INSERT 0 1", false},
      {pin_reason::prepared_statement, "DEALLOCATE", true},
      {pin_reason::prepared_statement, "DEALLOCATE ALL", true},
      {pin_reason::load_library, "CLOSE CURSOR", false},
  };
  for (const auto& each : rows) {
    auto some = pinned({each.why});
    EXPECT_EQ(some.inquiry(), "");
    some.done(each.done);
    EXPECT_EQ(!some.inquiry().empty(), each.doubted) << to_string(each.why) << ": " << each.done;
  }
  auto locked = pinned({pin_reason::advisory_lock});
  locked.may_have_ended(pin_reason::advisory_lock);
  EXPECT_NE(locked.inquiry(), "");
  auto other = pinned({pin_reason::listen});
  other.may_have_ended(pin_reason::advisory_lock);
  EXPECT_EQ(other.inquiry(), "") << "that is not what holds it";
}

TEST(session_pins, of_a_transaction_are_doubted_when_it_is_undone) {
  for (const auto why : {pin_reason::listen, pin_reason::temporary_table}) {
    session_pins some;
    some.add(why);
    some.transaction_over(true, false);
    EXPECT_NE(some.inquiry(), "");
    auto older = pinned({why});
    older.transaction_over(true, false);
    EXPECT_EQ(older.inquiry(), "") << "made before";
  }
  session_pins dropped_on_commit, listening;
  dropped_on_commit.add(pin_reason::temporary_table);
  dropped_on_commit.transaction_over(false, true);
  EXPECT_NE(dropped_on_commit.inquiry(), "");
  listening.add(pin_reason::listen);
  listening.transaction_over(false, true);
  EXPECT_EQ(listening.inquiry(), "");
}

TEST(session_pins, ask_only_where_the_answer_could_let_the_session_go) {
  auto some = pinned({pin_reason::listen, pin_reason::load_library});
  some.done("UNLISTEN");
  EXPECT_EQ(some.inquiry(), "");
  auto both = pinned({pin_reason::listen, pin_reason::hold_cursor});
  both.done("UNLISTEN");
  EXPECT_THAT(both.inquiry(), testing::HasSubstr("is_holdable")) << "it may have been closed by then";
}

TEST(session_pins, end_as_the_server_says) {
  struct row_and_rest {
    std::vector<const char*> row;
    bool cursor, listen;
  };
  const row_and_rest rows[] = {
      {{"f", "f"}, false, false}, {{"t", "f"}, true, false}, {{"f", "t"}, false, true},
      {{"t", "t"}, true, true},   {{"f"}, true, true},  // malformed
      {{}, true, true},
  };
  for (const auto& each : rows) {
    auto some = pinned({pin_reason::listen, pin_reason::hold_cursor});
    some.done("UNLISTEN");
    some.answered(row(each.row));
    EXPECT_EQ(some.has(pin_reason::hold_cursor), each.cursor);
    EXPECT_EQ(some.has(pin_reason::listen), each.listen);
    EXPECT_EQ(some.any(), each.cursor || each.listen);
    EXPECT_EQ(some.inquiry(), "") << "it is known now";
  }
}

}  // namespace
}  // namespace highwater::proxy
