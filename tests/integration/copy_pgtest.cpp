// COPY in both directions: while it lasts the protocol is another one, and a connection must not change hands in it.

#include <sys/socket.h>

#include <fstream>

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class copy : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1}, [](highwater_config& config) { config.set("pool", "{size: 1}"); });
    primary().tell("create table t (n int); create table words (w text)");
    served->cluster().await_replay();
  }
  void SetUp() override { primary().tell("truncate t, words"); }

  static raw::client copying(const std::string& table = "t") {
    auto session = client();
    session.send(raw::query("copy " + table + " from stdin"));
    session.expect('G');
    return session;
  }
  static std::string rows() { return primary().ask("select coalesce(sum(n), 0) from t"); }
  // The one server connection there is must be fit for the next session: it gets its own rows, and at once.
  static void expect_next_session_right(const std::string& mark) {
    auto next = client();
    next.query("begin");
    EXPECT_EQ(scalar(next, "select '" + mark + "'"), mark);
    next.query("commit");
  }
};

TEST_F(copy, in) {
  auto session = copying();
  session.send(raw::copy_data("1\n2\n") + raw::copy_data("3\n") + raw::copy_done());
  EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
  EXPECT_EQ(rows(), "6");
}

TEST_F(copy, out) {
  auto session = client();
  session.query("insert into t values (1), (2)");
  EXPECT_EQ(raw::types(session.query("copy t to stdout")), "HddcCZ");
  EXPECT_EQ(raw::types(ask(session, run_unnamed("copy t to stdout") + raw::sync())), "12HddcCZ");
}

TEST_F(copy, keeps_its_connection_while_the_client_thinks) {
  auto session = copying();
  session.send(raw::copy_data("1\n"));
  auto other = client();
  other.send(raw::query("insert into t values (10)"));
  session.send(raw::copy_data("2\n") + raw::copy_done());
  EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
  EXPECT_EQ(raw::types(other.read_until_ready()), "CZ");
  EXPECT_EQ(rows(), "13");
}

TEST_F(copy, pipelined_behind_its_query) {
  auto session = client();
  session.send(raw::query("copy t from stdin") + raw::copy_data("4\n") + raw::copy_done() + raw::query("select 1"));
  EXPECT_EQ(raw::types(session.read_until_ready()), "GCZ");
  EXPECT_EQ(value(session.read_until_ready()), "1");
  EXPECT_EQ(rows(), "4");
}

TEST_F(copy, that_fails_midway_discards_late_data) {
  auto session = copying();
  session.send(raw::copy_data("1\nnonsense\n"));
  EXPECT_EQ(sqlstate(session.read_until_ready()), "22P02");
  session.send(raw::copy_data("2\n") + raw::copy_data("3\n") + raw::copy_done());
  EXPECT_EQ(scalar(session, "select 'after'"), "after");
  session.send(raw::copy_fail("too late"));
  EXPECT_EQ(scalar(session, "select 'after that'"), "after that");
  expect_next_session_right("next");
  EXPECT_EQ(rows(), "0");
}

TEST_F(copy, that_fails_in_the_middle_of_a_later_message) {
  auto session = copying();
  const std::string later = raw::copy_data(std::string(100'000, '7') + "\n");
  session.send(raw::copy_data("nonsense\n") + later.substr(0, 50'000));
  EXPECT_EQ(sqlstate(session.read_until_ready()), "22P02");
  session.send(later.substr(50'000) + raw::copy_done());
  EXPECT_EQ(scalar(session, "select 'mine'"), "mine");
  expect_next_session_right("next");
}

TEST_F(copy, whose_client_leaves_in_the_middle_of_a_message_after_the_failure) {
  {
    auto session = copying();
    session.send(raw::copy_data("nonsense\n") + raw::copy_data(std::string(100'000, '7')).substr(0, 50'000));
    EXPECT_EQ(sqlstate(session.read_until_ready()), "22P02");
  }
  expect_next_session_right("next");
}

TEST_F(copy, whose_client_leaves_stores_nothing) {
  for (const bool in_a_message : {false, true}) {
    {
      auto session = copying();
      session.send(raw::copy_data("1\n"));
      if (in_a_message) session.send(raw::copy_data(std::string(100'000, '7')).substr(0, 50'000));
    }
    expect_next_session_right("next");
    EXPECT_EQ(rows(), "0");
  }
}

TEST_F(copy, fail_ends_it) {
  auto session = copying();
  session.send(raw::copy_data("1\n") + raw::copy_fail("changed my mind"));
  EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
  expect_next_session_right("next");
  EXPECT_EQ(rows(), "0");
}

TEST_F(copy, in_a_transaction_is_rolled_back_with_it) {
  auto session = client();
  session.query("begin");
  session.send(raw::query("copy t from stdin"));
  session.expect('G');
  session.send(raw::copy_data("1\n") + raw::copy_done());
  EXPECT_EQ(session.read_until_ready().back().payload, "T");
  session.query("rollback");
  EXPECT_EQ(rows(), "0");
}

TEST_F(copy, in_the_extended_protocol) {
  auto session = client();
  session.send(run_unnamed("copy t from stdin") + raw::sync());
  session.read_until('G');
  session.send(raw::copy_data("5\n") + raw::copy_done() + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
  EXPECT_EQ(rows(), "5");
  expect_next_session_right("next");
}

TEST_F(copy, in_the_extended_protocol_with_flush) {
  auto session = client();
  session.send(run_unnamed("copy t from stdin") + raw::flush());
  session.read_until('G');
  session.send(raw::copy_data("5\n") + raw::flush() + raw::copy_data("6\n") + raw::sync() + raw::copy_done() +
               raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
  EXPECT_EQ(rows(), "11");
  expect_next_session_right("next");
}

TEST_F(copy, that_fails_in_the_extended_protocol) {
  auto session = client();
  session.send(run_unnamed("copy t from stdin") + raw::sync());
  session.read_until('G');
  session.send(raw::copy_data("nonsense\n"));
  EXPECT_EQ(raw::error_field(session.expect('E'), 'C'), "22P02");
  session.send(raw::copy_data("1\n") + raw::copy_done() + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "Z");
  EXPECT_EQ(value(ask(session, run_unnamed("select 'mine'") + raw::sync())), "mine");
  expect_next_session_right("next");
}

TEST_F(copy, that_is_refused_before_it_begins) {
  auto session = client();
  session.send(raw::query("copy nowhere from stdin") + raw::copy_data("1\n") + raw::copy_done() +
               raw::query("select 1"));
  EXPECT_EQ(sqlstate(session.read_until_ready()), "42P01");
  EXPECT_EQ(value(session.read_until_ready()), "1");
  session.send(run_unnamed("copy nowhere from stdin") + raw::sync() + raw::copy_data("1\n") + raw::copy_done() +
               raw::sync() + raw::query("select 2"));
  EXPECT_EQ(raw::types(session.read_until_ready()), "12EZ");
  EXPECT_EQ(raw::types(session.read_until_ready()), "Z");
  EXPECT_EQ(value(session.read_until_ready()), "2");
}

TEST_F(copy, a_message_that_does_not_belong_into_it_fails_it) {
  auto session = copying();
  session.send(raw::copy_data("1\n") + raw::query("select 1"));
  EXPECT_NE(sqlstate(session.read_until_ready()), "");
  EXPECT_EQ(rows(), "0");
  expect_next_session_right("next");
}

TEST_F(copy, twice_in_one_query) {
  auto session = client();
  session.send(raw::query("copy t from stdin; copy words from stdin; select 'end'"));
  session.expect('G');
  session.send(raw::copy_data("1\n") + raw::copy_done());
  session.read_until('G');
  session.send(raw::copy_data("word\n") + raw::copy_done());
  EXPECT_EQ(value(session.read_until_ready()), "end");
  EXPECT_EQ(rows(), "1");
}

// PostgreSQL writes as fast as it is read from: what the proxy holds must not grow with the table.
class memory {
public:
  explicit memory(pid_t of) : status_("/proc/" + std::to_string(of) + "/status") {}
  long kilobytes(const std::string& what = "VmRSS:") const {
    std::ifstream in(status_);
    for (std::string word; in >> word;) {
      if (word != what) continue;
      long found = 0;
      in >> found;
      return found;
    }
    return 0;
  }

private:
  std::string status_;
};

TEST_F(copy, out_to_a_slow_client_takes_bounded_memory) {
  PROXY_ONLY();
  auto session = client();
  const int small = 65'536;
  ::setsockopt(session.socket(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  const memory of(served->proxy().child().pid());
  const long before = of.kilobytes();
  session.query("begin");  // keeps it on the primary
  session.send(raw::query("copy (select repeat('x', 10000) from generate_series(1, 10000)) to stdout"));
  session.expect('H');
  auto watcher = primary().connect();
  await("the server waits for its reader", [&] {
    return watcher.scalar("select count(*) from pg_stat_activity where wait_event = 'ClientWrite'") == "1";
  });
  EXPECT_LT(of.kilobytes() - before, 20'000);
  std::size_t bytes = 0;
  for (;;) {
    const auto next = session.read_message();
    ASSERT_TRUE(next);
    if (next->type == 'd') bytes += next->payload.size();
    if (next->type == 'Z') break;
  }
  EXPECT_EQ(bytes, 10'001u * 10'000u);
  EXPECT_LT(of.kilobytes() - before, 40'000);
}

TEST_F(copy, in_to_a_slow_server_takes_bounded_memory) {
  PROXY_ONLY();
  auto locker = primary().connect();
  locker.must(
      "begin; create function slowly() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(1); "
      "return new; end $$; create trigger slow before insert on words for each row execute function slowly(); commit");
  locker.must("select pg_advisory_lock(1)");
  auto session = copying("words");
  const memory of(served->proxy().child().pid());
  const long before = of.kilobytes();
  const std::string chunk = raw::copy_data(std::string(99'999, 'w') + "\n");
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  std::size_t sent = 0, at = 0;
  // Until nobody takes any more: the socket's buffers and the proxy's are full.
  for (int idle = 0; idle < 20;) {
    const auto part = ::send(session.socket(), chunk.data() + at, chunk.size() - at, flags);
    if (part > 0) {
      at = (at + static_cast<std::size_t>(part)) % chunk.size();
      sent += static_cast<std::size_t>(part);
      idle = 0;
      ASSERT_LT(sent, 100'000'000u) << "somebody takes everything";
    } else {
      ++idle;
      session.silent_for(milliseconds(10));
    }
  }
  EXPECT_LT(of.kilobytes() - before, 20'000);
  locker.must("select pg_advisory_unlock(1)");
  session.send(std::string_view(chunk).substr(at));
  session.send(raw::copy_done());
  EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
  EXPECT_EQ(primary().ask("select count(*) * 100000 from words"), std::to_string((sent / chunk.size() + 1) * 100'000));
  locker.must("drop trigger slow on words");
}

// Up to its failure a copy ignores each Sync; behind it, each is answered, whether the client knows of the failure or
// not.
TEST_F(copy, a_sync_within_it_is_answered_from_its_failure_on) {
  const auto good = raw::copy_data("1\n"), bad = raw::copy_data("nonsense\n");
  const auto next = run_unnamed("select 'next'") + raw::sync();
  struct row {
    const char* is;
    bool extended;
    std::string data;
    std::vector<std::string> told;  // up to each ReadyForQuery
  };
  const std::vector<row> rows{
      {"behind it", true, bad + raw::sync() + good + raw::copy_done(), {"EZ", "12DCZ"}},
      {"two behind it", true, bad + raw::sync() + good + raw::sync() + raw::copy_done(), {"EZ", "Z", "12DCZ"}},
      {"before it", true, good + raw::sync() + bad + raw::copy_done(), {"EZ"}},
      {"before and behind it", true, raw::sync() + bad + raw::flush() + raw::sync() + good, {"EZ", "12DCZ"}},
      {"before it, and nothing fails", true, raw::sync() + good + raw::copy_done(), {"C12DCZ"}},
      {"before the client's end of it", true, good + raw::sync() + raw::copy_fail("no"), {"EZ"}},
      {"behind a Query's", false, bad + raw::sync() + good + raw::copy_done(), {"EZ", "Z", "12DCZ"}},
      {"two behind a Query's", false, bad + raw::sync() + raw::sync() + good, {"EZ", "Z", "Z", "12DCZ"}},
      {"before a Query's", false, good + raw::sync() + bad + raw::copy_done(), {"EZ", "12DCZ"}},
  };
  for (const auto& each : rows) {
    for (const bool in_transaction : {false, true}) {
      SCOPED_TRACE(std::string(each.is) + (in_transaction ? ", in a transaction" : ""));
      auto session = client();
      if (in_transaction) session.query("begin");
      session.send(each.extended ? run_unnamed("copy t from stdin") + raw::flush() : raw::query("copy t from stdin"));
      session.read_until('G');
      session.send(each.data + next);
      for (const auto& told : each.told) {
        const auto answer = session.read_until_ready();
        const bool refused = in_transaction && told.starts_with("12") && answer.front().type == 'E';
        EXPECT_EQ(raw::types(answer), refused ? "EZ" : told);
      }
      EXPECT_EQ(raw::types(session.query("rollback")).back(), 'Z');
      EXPECT_EQ(scalar(session, "select 'mine'"), "mine");
      expect_next_session_right("next");
      EXPECT_EQ(copy::rows(), each.told.front().starts_with("C") && !in_transaction ? "1" : "0");
      primary().tell("truncate t");
    }
  }
}

TEST_F(copy, tells_which_settings_its_failure_has_taken_back) {
  auto session = client();
  session.query("begin");
  EXPECT_EQ(raw::types(session.query("set local timezone = 'Asia/Tokyo'")), "CSZ");
  session.send(run_unnamed("copy t from stdin") + raw::flush());
  session.read_until('G');
  session.send(raw::copy_data("nonsense\n") + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "ESZ");
}

// The question how many of its Syncs are answered must not get into the middle of a message.
TEST_F(copy, a_sync_behind_a_failure_in_the_middle_of_a_message) {
  auto session = copying();
  const std::string later = raw::copy_data(std::string(100'000, '7') + "\n");
  session.send(raw::copy_data("nonsense\n") + raw::sync() + later.substr(0, 50'000));
  EXPECT_EQ(sqlstate(session.read_until_ready()), "22P02");
  session.send(later.substr(50'000) + raw::copy_done() + raw::query("select 'mine'"));
  EXPECT_EQ(raw::types(session.read_until_ready()), "Z");
  EXPECT_EQ(value(session.read_until_ready()), "mine");
  expect_next_session_right("next");
}

// The server has said that it takes data, and fails before it looks at the Sync that is there already.
TEST_F(copy, that_fails_at_once_behind_its_own_sync) {
  primary().tell("create or replace view no_table as select 1 as n");
  for (const bool says_more : {true, false}) {
    auto session = client();
    session.send(raw::parse("", "copy no_table from stdin") + raw::bind("", "") + raw::execute() + raw::sync());
    EXPECT_EQ(raw::types(session.read_until_ready()), "12GEZ");
    if (says_more) {
      session.send(raw::copy_data("1\n") + raw::frame('c', "") + raw::sync());
      EXPECT_EQ(raw::types(session.read_until_ready()), "Z");
    }
    EXPECT_EQ(scalar(session, "select 42"), "42");
    expect_next_session_right("after a copy into a view");
  }
}

TEST_F(copy, that_fails_at_once_with_more_behind_it) {
  primary().tell(
      "create or replace function refuse() returns trigger language plpgsql as "
      "  $$ begin raise exception 'no copies here'; end $$;"
      "create table if not exists guarded (n int);"
      "create or replace trigger guard before insert on guarded for each statement execute function refuse()");
  const auto copies = raw::parse("", "copy guarded from stdin") + raw::bind("", "") + raw::execute() + raw::sync();
  const auto data = raw::copy_data("1\n") + raw::frame('c', "") + raw::sync();
  for (int i = 0; i < 5; ++i) {
    auto session = client();
    session.send(copies + data + raw::query("insert into t values (7)") + raw::query("select count(*) from t"));
    EXPECT_EQ(raw::types(session.read_until_ready()), "12GEZ");
    EXPECT_EQ(raw::types(session.read_until_ready()), "Z");
    EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
    EXPECT_EQ(raw::types(session.read_until_ready()), "TDCZ");
    expect_next_session_right("after a copy that a trigger refuses");
  }
}

}  // namespace
}  // namespace highwater::testing_support
