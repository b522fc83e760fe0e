#include "proxy/client/closing.hpp"

#include <gtest/gtest.h>

#include "proxy/client/replies.hpp"
#include "proxy/wire/bytes.hpp"

namespace highwater::proxy {
namespace {

using move = closing::move;
using sql::pin_reason;

// The body of a DataRow.
std::string row(const std::vector<std::string>& values) {
  std::string message;
  {
    wire::writer out(message, 'D');
    out.u16(static_cast<std::uint16_t>(values.size()));
    for (const auto& value : values) out.u32(static_cast<std::uint32_t>(value.size())).bytes(value);
  }
  return message.substr(5);
}

// A session at the end of an exchange. It has logged in with work_mem = 1MB.
class the_closing : public testing::Test {
protected:
  the_closing() {
    one.begin(server, nullptr, load);
    client.at_login = client.settings = interner.intern({{"work_mem", "1MB"}});
    server.assume(client.settings);
  }
  closing::step over() { return closing(one, client, interner).over(); }
  closing::step answered(const std::vector<std::string>& values) {
    return closing(one, client, interner).answered(row(values));
  }
  void has_set(const char* name, bool to_default = false) {
    sql::statement what;
    what.settings.push_back({name, to_default});
    one.changes.note(what, true);
  }
  static std::string ready() {
    std::string out;
    wire::write_ready_for_query(out, wire::transaction_status::idle);
    return out;
  }

  metrics::worker_probe probe{{3, 8, 10, 12, 6}};
  server_session server{1};
  routing::node_load load;
  settings_interner interner;
  client_state client;
  exchange one{probe};
};

TEST_F(the_closing, frees_a_connection_on_which_nothing_is_left) {
  const auto step = over();
  EXPECT_EQ(step.next, move::release);
  EXPECT_EQ(step.told, "");
  EXPECT_FALSE(step.adopted_settings);
}

TEST_F(the_closing, waits_for_the_end_of_the_transaction) {
  server.ready(wire::transaction_status::in_transaction, {});
  one.held.batch_failed = true;
  has_set("work_mem");
  EXPECT_EQ(over().next, move::none);
  EXPECT_FALSE(one.held.batch_failed) << "the next batch has not";
  EXPECT_TRUE(one.changes.pending());
}

TEST_F(the_closing, asks_what_a_set_has_come_to_and_keeps_that) {
  has_set("work_mem");
  one.held.ready_held = true;
  const auto asked = over();
  EXPECT_EQ(asked.next, move::ask);
  EXPECT_EQ(asked.question, inquiry_sql({"work_mem"}));
  EXPECT_EQ(asked.told, "") << "the client is told when it is known";
  const auto step = answered({"8MB"});
  EXPECT_EQ(step.next, move::release);
  EXPECT_TRUE(step.adopted_settings);
  EXPECT_EQ(step.told, ready());
  EXPECT_EQ(find(*client.settings, "work_mem"), "8MB");
  EXPECT_EQ(find(*server.settings(), "work_mem"), "8MB");
  EXPECT_FALSE(one.changes.pending() || one.held.ready_held);
}

TEST_F(the_closing, leads_a_reset_back_to_the_login) {
  client.settings = interner.intern({{"work_mem", "8MB"}});
  server.assume(client.settings);
  has_set("work_mem", true);
  ASSERT_EQ(over().next, move::ask);
  const auto step = answered({"4MB"});
  EXPECT_EQ(find(*client.settings, "work_mem"), "1MB");
  EXPECT_EQ(find(*server.settings(), "work_mem"), std::nullopt);
  EXPECT_EQ(step.next, move::release);
}

TEST_F(the_closing, of_a_reset_all_needs_no_question) {
  client.settings = interner.intern({{"work_mem", "8MB"}});
  client.transaction.level.start(config::level::strong, config::level::session);
  client.transaction.level.set(config::level::eventual, false, false);
  sql::statement all;
  all.resets_all_settings = true;
  one.changes.note(all, true);
  const auto step = over();
  EXPECT_EQ(step.next, move::release);
  EXPECT_TRUE(step.adopted_settings);
  EXPECT_EQ(find(*client.settings, "work_mem"), "1MB");
  EXPECT_TRUE(server.settings()->empty());
  EXPECT_EQ(client.transaction.level.get(), config::level::strong);
}

TEST_F(the_closing, has_a_connection_cleaned_that_did_not_say) {
  has_set("work_mem");
  ASSERT_EQ(over().next, move::ask);
  const auto step = closing(one, client, interner).answered("");
  EXPECT_TRUE(server.is_soiled());
  EXPECT_EQ(step.next, move::release);
  EXPECT_EQ(find(*client.settings, "work_mem"), "1MB");
}

TEST_F(the_closing, leaves_settings_where_they_are_that_are_too_large_to_carry) {
  has_set("my.own");
  ASSERT_EQ(over().next, move::ask);
  const auto step = answered({std::string(100'000, 'x')});
  EXPECT_EQ(step.next, move::keep);
  EXPECT_TRUE(one.held.pins.has(pin_reason::dynamic_setting));
  EXPECT_FALSE(step.adopted_settings);
}

TEST_F(the_closing, tells_a_client_what_its_settings_have_come_to) {
  client.told.start(std::make_shared<const parameter_list>(parameter_list{
      {"application_name", "a"}, {"TimeZone", "UTC"}, {std::string(tells_of_node), "off"}, {"is_superuser", "off"}}));
  client.settings = interner.intern({{"timezone", "GMT"}, {"work_mem", "1MB"}});
  server.note_parameter("TimeZone", "GMT");
  server.note_parameter("application_name", "another session's");
  server.note_parameter(tells_of_node, "on");
  server.note_parameter("is_superuser", "on");
  one.held.ready_held = true;
  std::string expected;
  wire::write_parameter_status(expected, "TimeZone", "GMT");
  EXPECT_EQ(over().told, expected + ready()) << "only what it has set itself";
}

TEST_F(the_closing, tells_of_them_in_the_order_of_their_names_in_any_case) {
  client.told.start(std::make_shared<const parameter_list>(
      parameter_list{{"TimeZone", "UTC"}, {"DateStyle", "ISO, MDY"}, {"application_name", "a"}}));
  for (const char* name : {"TimeZone", "DateStyle", "application_name"}) client.told.news(name, "another");
  one.held.ready_held = true;
  std::string expected;
  wire::write_parameter_status(expected, "application_name", "a");
  wire::write_parameter_status(expected, "DateStyle", "ISO, MDY");
  wire::write_parameter_status(expected, "TimeZone", "UTC");
  EXPECT_EQ(over().told, expected + ready());
}

TEST_F(the_closing, asks_whether_what_pins_a_session_still_stands) {
  one.pin(pin_reason::hold_cursor);
  EXPECT_EQ(over().next, move::keep) << "nothing speaks against it";
  one.held.pins.may_have_ended(pin_reason::hold_cursor);
  auto step = over();
  EXPECT_EQ(step.next, move::ask);
  EXPECT_EQ(step.question, [&] {
    one.held.pins.may_have_ended(pin_reason::hold_cursor);
    return one.held.pins.inquiry();
  }());
  EXPECT_EQ(answered({"t"}).next, move::keep);
  one.held.pins.may_have_ended(pin_reason::hold_cursor);
  EXPECT_EQ(over().next, move::ask);
  EXPECT_EQ(answered({"f"}).next, move::release);
  EXPECT_EQ(probe.pinned_sessions.value(), 0);
  EXPECT_FALSE(server.is_soiled());
}

TEST_F(the_closing, leaves_what_a_transaction_on_a_replica_has_prepared) {
  struct row {
    const char* why;
    bool on_replica;
    std::vector<pin_reason> pins;
    move next;
  };
  const row rows[] = {
      {"on the primary it stays", false, {pin_reason::prepared_statement}, move::keep},
      {"on a replica it ends", true, {pin_reason::prepared_statement}, move::release},
      {"... but nothing else", true, {pin_reason::prepared_statement, pin_reason::dynamic_setting}, move::keep},
      {"nothing was made", true, {}, move::release},
  };
  for (const auto& each : rows) {
    server_session connection{1};
    exchange other{probe};
    other.begin(connection, nullptr, load);
    other.held.on_replica = each.on_replica;
    for (const auto why : each.pins) other.pin(why);
    EXPECT_EQ(closing(other, client, interner).over().next, each.next) << each.why;
    EXPECT_EQ(connection.is_soiled(), each.on_replica && each.next == move::release && !each.pins.empty()) << each.why;
  }
}

TEST_F(the_closing, has_the_schema_of_temporary_tables_discarded) {
  one.pin(pin_reason::temporary_table);
  one.held.pins.may_have_ended(pin_reason::temporary_table);
  ASSERT_EQ(over().next, move::ask);
  EXPECT_EQ(answered({"f"}).next, move::release);
  EXPECT_TRUE(server.is_soiled());
}

}  // namespace
}  // namespace highwater::proxy
