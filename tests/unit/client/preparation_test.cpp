#include "proxy/client/preparation.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

description_ptr rows_of(std::uint32_t type, std::string parameters = "") {
  std::string columns;
  const auto u16 = [&](unsigned v) { columns += {static_cast<char>(v >> 8U), static_cast<char>(v)}; };
  const auto u32 = [&](std::uint32_t v) { u16(v >> 16U), u16(v & 0xffffU); };
  u16(1);
  columns += std::string("n") + '\0';
  u32(0), u16(0), u32(type), u16(4), u32(0xffffffff), u16(0);
  return std::make_shared<const wire::description>(wire::description{std::move(parameters), std::move(columns)});
}

prepared_ptr statement(statement_id id) {
  auto made = std::make_shared<prepared_statement>();
  made->id = id;
  made->query = "select n";
  made->parameter_types = "as the client said";
  return made;
}

TEST(preparation, compares_what_is_there_with_what_the_client_was_told) {
  const auto int4 = rows_of(23), float4 = rows_of(700), none = std::make_shared<const wire::description>();
  struct row {
    const char* why;
    description_ptr there, told;
    bool outdated;
  };
  const row rows[] = {
      {"the same", int4, int4, false},
      {"the same, said again", rows_of(23), int4, false},
      {"other types", float4, int4, true},
      {"rows where there were none", int4, none, true},
      {"none where there were rows", none, int4, true},
      {"nobody has asked yet", int4, nullptr, false},
      {"not answered yet", nullptr, int4, false},
  };
  for (const auto& each : rows) {
    preparation needs;
    const auto a = statement(1), b = statement(2);
    needs.add({a, each.told, "a", "select n", false});
    needs.add({b, int4, "b", "select n", false});
    ASSERT_EQ(needs.items().size(), 2U);
    EXPECT_FALSE(needs.fails()) << each.why << ": not compared yet";
    needs.items().front().compare(each.there);
    needs.items().back().compare(int4);
    EXPECT_EQ(needs.fails(), each.outdated) << each.why << ": once is enough";
    EXPECT_EQ(needs.find(a)->outdated, each.outdated) << each.why;
    EXPECT_FALSE(needs.find(b)->outdated);
    EXPECT_EQ(needs.find(statement(3)), nullptr);
    needs.clear();
    EXPECT_FALSE(needs.fails());
  }
}

// The server passes over what stands behind one that it has refused.
TEST(preparation, sends_again_what_was_passed_over) {
  preparation needs;
  for (statement_id id = 1; id <= 3; ++id) needs.add({statement(id), nullptr, std::to_string(id), "select n", false});
  needs.answered("refused", [](const preparation::item& one) { return one.what->id == 1; });
  EXPECT_TRUE(needs.is_due());
  ASSERT_NE(needs.first_refused(), nullptr);
  EXPECT_EQ(needs.first_refused()->what->id, 2U);
  EXPECT_EQ(needs.first_failing(), needs.first_refused());
  const auto sent = needs.to_send();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].id, 3U);
  needs.answered("", [](const preparation::item&) { return true; });
  EXPECT_FALSE(needs.is_due());
  EXPECT_TRUE(needs.fails());
}

// The batch ends where it fails: what would be needed behind that is not.
TEST(preparation, gives_up_what_only_a_later_message_needs) {
  preparation needs;
  for (statement_id id = 1; id <= 4; ++id)
    needs.add({statement(id), nullptr, std::to_string(id), "select n", false, id * 10});
  needs.answered("refused", [](const preparation::item& one) { return one.what->id == 1; });
  needs.give_up_from(40);
  ASSERT_EQ(needs.items().size(), 3U) << "it was passed over";
  needs.give_up_from(20);
  ASSERT_EQ(needs.items().size(), 2U) << "the one that was refused is not due any more, and says why";
  EXPECT_FALSE(needs.is_due());
  EXPECT_EQ(needs.first_refused()->what->id, 2U);
}

TEST(preparation, prepares_each_once_with_the_parameter_types_of_the_first_time) {
  preparation needs;
  const auto one = statement(1), other = statement(2);
  needs.add({one, rows_of(23, "as the server said"), "a", "select n", false});
  needs.add({one, rows_of(23, "as the server said"), "a", "select n", false});
  needs.add({other, nullptr, "b", "select n", false});
  needs.add({statement(3), nullptr, "", "select n", true});
  ASSERT_TRUE(needs.needed());
  const auto sent = needs.to_send();
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[0].id, 1U);
  EXPECT_EQ(sent[0].parameter_types, "as the server said");
  EXPECT_EQ(sent[1].parameter_types, "as the client said");
  EXPECT_FALSE(sent[1].unnamed);
  EXPECT_TRUE(sent[2].unnamed);
}

}  // namespace
}  // namespace highwater::proxy
