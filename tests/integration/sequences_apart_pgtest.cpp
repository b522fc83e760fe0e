// What sessions have drawn from sequences is kept apart from the first time on that somebody asks for it.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class sequences_apart : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0}, [](highwater_config& config) { config.set("pool", "{size: 6}"); });
    primary().tell("create table row (id serial, of int); create table plain (of int)");
    await_read("select of from row");
    await_read("select of from plain");
  }
  static constexpr const char* id = "select currval('row_id_seq')";
  static constexpr const char* insert = "insert into row default values returning id";
};

// The first test: nobody has asked before.
TEST_F(sequences_apart, on_every_worker) {
  PROXY_ONLY();
  std::vector<raw::client> sessions;  // on each of the workers
  for (int i = 0; i < 4; ++i) sessions.push_back(client());
  EXPECT_EQ(scalar(sessions[0], id), "55000");
  sessions[1].query(insert);
  sessions[3].query("insert into plain values (1)");
  EXPECT_EQ(scalar(sessions[3], id), "55000") << "it has drawn nothing";
}

// A connection on which it has drawn before would tell something that is its own, and wrong.
TEST_F(sequences_apart, from_what_the_same_session_has_drawn_before) {
  auto session = client();
  auto on_the_other_worker = client();
  auto other = client();
  const auto first = scalar(session, insert);
  other.query("begin");
  other.query("select 1");  // on the connection that was used last
  const auto last = scalar(session, insert);
  other.query("rollback");  // and now it is that again
  EXPECT_NE(first, last);
  EXPECT_EQ(scalar(session, id), last);
}

}  // namespace
}  // namespace highwater::testing_support
