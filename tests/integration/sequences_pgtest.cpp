// currval() and lastval(): what a session has drawn from a sequence, wherever its statements run.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class sequences : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0}, [](highwater_config& config) { config.set("pool", "{size: 3}"); });
    primary().tell("create table row (id serial, of int); create sequence other");
    await_read("select of from row");  // a table that is not known may have any trigger, and is cleaned up behind
  }
  static constexpr const char* id = "select currval('row_id_seq')";
  static std::string insert(int of) { return "insert into row (of) values (" + std::to_string(of) + ") returning id"; }
};

TEST_F(sequences, in_a_transaction_are_its_own) {
  std::vector<raw::client> sessions;
  for (int i = 0; i < 6; ++i) sessions.push_back(client());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 6; ++i) {
      auto& session = sessions[static_cast<std::size_t>(i)];
      session.query("begin");
      const auto mine = scalar(session, insert(i));
      EXPECT_EQ(scalar(session, id), mine);
      EXPECT_EQ(value(ask(session, run_unnamed("select lastval()") + raw::sync())), mine);
      session.query("commit");
    }
  }
  if (!testing_direct()) {
    EXPECT_EQ(served->proxy().metric("highwater_pins_total", {{"reason", "sequence_value"}}), 0);
  }
}

TEST_F(sequences, in_one_text_with_the_insert_are_its_own) {
  auto session = client();
  auto other = client();
  for (int i = 0; i < 4; ++i) {
    other.query("select nextval('other')");
    const auto both = values(session.query(insert(1) + "; select lastval()"));
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(both[0], both[1]);
  }
}

TEST_F(sequences, right_behind_the_insert_are_its_own) {
  auto session = client();
  const auto mine = scalar(session, insert(1));
  EXPECT_EQ(scalar(session, id), mine);
  std::vector<raw::client> others;
  for (int i = 0; i < 4; ++i) {
    others.push_back(client());
    others.back().query(insert(2));
  }
  EXPECT_EQ(scalar(session, id), mine) << "it keeps its connection from the first question on";
  const auto next = scalar(session, insert(1));
  EXPECT_EQ(scalar(session, "select lastval()"), next);
}

TEST_F(sequences, of_others_are_never_told) {
  std::vector<raw::client> writers;
  std::vector<raw::client> askers;
  for (int i = 0; i < 4; ++i) {
    writers.push_back(client());
    writers.back().query(insert(i));
    for (const std::string question : {id, "select lastval()"}) {
      auto simple = client();
      EXPECT_EQ(scalar(simple, question), "55000");
      auto extended = client();
      EXPECT_EQ(sqlstate(ask(extended, run_unnamed(question) + raw::sync())), "55000");
      auto in_transaction = client();
      in_transaction.query("begin");
      EXPECT_EQ(scalar(in_transaction, question), "55000");
      in_transaction.query("rollback");
    }
  }
}

// Whoever wrote there in between has taken the connection over.
TEST_F(sequences, that_somebody_else_may_have_moved_on_are_an_error_or_right) {
  PROXY_ONLY();
  std::vector<raw::client> sessions;
  std::vector<std::string> own;
  for (int i = 0; i < 6; ++i) {
    sessions.push_back(client());
    own.push_back(scalar(sessions.back(), insert(i)));
  }
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const auto told = scalar(sessions[i], id);
    EXPECT_TRUE(told == own[i] || told == "55000") << told << ", and not " << own[i];
    sessions[i].query("discard all");
  }
}

}  // namespace
}  // namespace highwater::testing_support
