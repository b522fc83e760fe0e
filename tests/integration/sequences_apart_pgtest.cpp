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

// A worker that has no client of the database yet when somebody asks.
TEST_F(sequences_apart, on_a_worker_that_comes_late) {
  PROXY_ONLY();
  const highwater_process proxy(highwater_config(served->cluster()).set("pool", "{size: 2}"));
  proxy.await_ready();
  const auto log_in = [&] {
    raw::client made(proxy.port());
    made.log_in();
    return made;
  };
  auto first = log_in();
  // As long as the catalogue is not known, all that somebody has written is discarded behind it.
  await("the catalogue is known", [&] {
    first.query("select of from row");
    return scalar(first, "show highwater.last_route").find("because=") == std::string::npos;
  });
  EXPECT_EQ(scalar(first, id), "55000");
  // A new client goes to the worker that has the fewest: these two are on the other one.
  auto one = log_in();
  const auto between = log_in();
  auto other = log_in();
  one.query(insert);
  other.query("insert into plain values (1)");
  EXPECT_EQ(scalar(other, id), "55000") << "it has drawn nothing";
}

// What nobody ends is sent as it comes, and draws all the same.
TEST_F(sequences_apart, from_what_a_stream_has_drawn) {
  auto session = client();
  const auto between = client();
  auto other = client();  // on the same worker
  const auto mine = scalar(session, insert);
  ask(other, raw::parse("s", "insert into row /* streamed */ default values") + raw::sync());
  other.send(run_unnamed("select of from row") + raw::flush());
  other.read_until('C');
  other.send(run_named("s"));
  await("it has come to the server", [] {
    return primary().ask("select count(*) from pg_stat_activity where query like 'insert into row /* streamed%'") ==
           "1";
  });
  EXPECT_EQ(sqlstate(ask(other, raw::sync())), "");
  const auto told = scalar(session, id);
  EXPECT_TRUE(told == mine || told == "55000") << "it drew " << mine << " and is told " << told;
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
