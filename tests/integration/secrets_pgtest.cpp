// Users' secrets, looked up in real servers by the function that docs/operations.md has: the service by itself, told by
// the test which node is the primary.

#include "proxy/monitor/secret_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/support/cluster.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/documented_sql.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

using namespace std::chrono_literals;
using auth::secret_answer;
using auth::standing_user;
using outcome = secret_answer::outcome;
using testing::IsEmpty;
using testing::StartsWith;
using names = std::vector<std::string>;

std::string described(const secret_answer& answer) {
  if (answer.what == outcome::found) return "found " + answer.rolpassword;
  return answer.what == outcome::unknown ? "unknown" : "unavailable";
}

// One service, and what the test has it believe of the cluster.
class asking_service {
public:
  asking_service(postgres_cluster& servers, const config::auth_query& how) : board_(servers.nodes().size()) {
    for (const auto& each : servers.nodes()) {
      auto& node = cluster_.nodes.emplace_back();
      node.name = each->name();
      node.host = each->host();
      node.port = each->port();
    }
    service_.emplace(
        cluster_, how, board_, [this] { return copy(standing_); }, [this](const auto& user) { end(user); });
    believe({0}, 0);
    service_->start();
  }

  void believe(const std::vector<routing::node_index>& usable, routing::node_index primary) {
    auto view = std::make_shared<routing::cluster_view>();
    view->nodes.resize(cluster_.nodes.size());
    for (const auto each : usable) view->nodes[each].usable = true;
    view->primary = primary;
    board_.publish(view);
  }
  secret_answer answer(const std::string& user) { return asked(user).get(); }
  std::string ask(const std::string& user) { return described(answer(user)); }
  std::future<secret_answer> asked(const std::string& user) {
    const auto told = std::make_shared<std::promise<secret_answer>>();
    service_->ask(user, [told](const secret_answer& each) { told->set_value(each); });
    return told->get_future();
  }
  void log_in(const std::string& user) {
    const auto known = answer(user);
    const std::scoped_lock lock(mutex_);
    standing_.push_back({user, known.stamp()});
  }
  names revoked() { return copy(revoked_); }
  void await_revoked(const names& who) {
    await("sessions are revoked", [&] { return revoked() == who; });
  }
  proxy::secret_service& service() { return *service_; }

private:
  template <class T>
  T copy(const T& what) {
    const std::scoped_lock lock(mutex_);
    return what;
  }
  void end(const auth::revoked_user& user) {
    const std::scoped_lock lock(mutex_);
    std::erase(standing_, user.who);
    revoked_.push_back(user.who.name + " " + std::string(to_string(user.why)));
  }

  config::cluster cluster_;
  proxy::view_board board_;
  std::mutex mutex_;
  std::vector<standing_user> standing_;
  names revoked_;
  std::optional<proxy::secret_service> service_;
};

class secrets : public testing::Test {
protected:
  static void SetUpTestSuite() {
    servers = std::make_unique<postgres_cluster>(
        cluster_options{.replicas = 1, .roles = {{"highwater_auth", "its password"}}});
    auto session = servers->primary().connect();
    session.must(documented_lookup_function());
    session.must(R"(
create role "O'Brien ""x""" login password 'secret';
create role bare login;
create role expired login password 'secret' valid until 'yesterday';
create role lasting login password 'secret' valid until 'infinity';
create role people nologin password 'secret';
create role super login superuser password 'secret';
create role replicator login replication password 'secret';
create role stranger login;
create sequence public.calls;
grant usage on sequence public.calls to highwater_auth;
)");
    session.must("create role \"" + longest_name + "\" login password 'secret'");
  }
  static void TearDownTestSuite() { servers.reset(); }
  void SetUp() override {
    tell("create role ann login password 'secret'");
    servers->await_replay();
  }
  void TearDown() override { tell("drop role if exists ann"); }

  static config::auth_query with(std::chrono::milliseconds cache = 1h) {
    config::auth_query how;
    how.user = "highwater_auth";
    how.password = "its password";
    how.cache = cache;
    return how;
  }
  static config::auth_query asking(const std::string& sql) {
    auto how = with();
    how.sql = sql;
    return how;
  }
  static std::string stored(const std::string& user) {
    return servers->primary().ask("select rolpassword from pg_authid where rolname = '" + user + "'");
  }
  static std::string connections_to(const node& server) {
    return server.ask("select count(*) from pg_stat_activity where application_name = 'highwater auth'");
  }
  static void end_connections() {
    tell("select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = 'highwater auth'");
  }
  static void tell(const std::string& sql) { servers->primary().tell(sql); }
  static std::string refusal(const std::string& user, const std::string& sql) {
    return servers->primary().connect("postgres", user).exec(sql).sqlstate();
  }

  inline static const std::string longest_name = std::string(63, 'n');
  inline static const std::string cut_within_character = std::string(61, 'c') + "€";
  inline static std::unique_ptr<postgres_cluster> servers;
};

TEST_F(secrets, are_those_of_who_may_log_in) {
  asking_service lookup(*servers, with());
  const struct {
    const char* why;
    std::string user;
    std::string answer;
  } rows[] = {
      {"a user", "ann", "found " + stored("ann")},
      {"not by another case", "ANN", "unknown"},
      {"nobody", "nobody", "unknown"},
      {"no password", "bare", "found "},
      {"expired", "expired", "found "},
      {"that does not expire", "lasting", "found " + stored("lasting")},
      {"not to log in", "people", "unknown"},
      {"PostgreSQL's own", "pg_monitor", "unknown"},
      {"a superuser", "super", "unknown"},
      {"the first one", "postgres", "unknown"},
      {"for replication", "replicator", "unknown"},
      {"with quotes", "O'Brien \"x\"", "found " + stored("O''Brien \"x\"")},
      {"SQL", "ann' or 'a'='a", "unknown"},
      {"a pattern", "an%", "unknown"},
      {"the longest name", longest_name, "found " + stored(longest_name)},
      {"cut like a startup packet", longest_name + "more", "found " + stored(longest_name)},
      {"cut within a character", cut_within_character, "unknown"},
      {"no text", "\xff\xfe", "unknown"},
      {"and again a user", "ann", "found " + stored("ann")},
  };
  for (const auto& [why, user, answer] : rows) EXPECT_EQ(lookup.ask(user), answer) << why;
  EXPECT_THAT(lookup.ask("ann"), StartsWith("found SCRAM-SHA-256$4096:"));
}

TEST_F(secrets, are_given_to_one_role_by_one_function) {
  const std::string lookup = "select * from highwater.user_lookup('ann')";
  EXPECT_EQ(refusal("stranger", lookup), "42501");
  tell("grant usage on schema highwater to stranger");
  EXPECT_EQ(refusal("stranger", lookup), "42501") << "nor by the function's own right";
  const auto table = servers->primary().connect().exec_params(
      "select has_table_privilege('highwater_auth', 'pg_authid', 'select')", {});
  EXPECT_EQ(table.text(), "f");
}

TEST_F(secrets, are_asked_for_once_as_long_as_they_hold) {
  asking_service lookup(*servers, asking("select $1::text, nextval('public.calls')::text from pg_sleep(0.1)"));
  std::vector<std::future<secret_answer>> asked;
  for (int i = 0; i < 10; ++i) asked.push_back(lookup.asked("ann"));
  const auto first = described(asked.front().get());
  EXPECT_THAT(first, StartsWith("found "));
  for (std::size_t i = 1; i < asked.size(); ++i) EXPECT_EQ(described(asked[i].get()), first);
  EXPECT_EQ(lookup.ask("ann"), first);
  EXPECT_NE(lookup.ask("bob"), first);
  lookup.service().changed();
  EXPECT_NE(lookup.ask("ann"), first);
}

TEST_F(secrets, are_not_looked_for_on_a_search_path) {
  tell("create schema trap; grant usage on schema trap to public");
  tell("create function trap.lower(text) returns text language sql as $$ select 'trapped' $$");
  tell("alter role highwater_auth set search_path = trap, pg_catalog");
  asking_service lookup(*servers, asking("select $1::text, lower($1::text)"));
  EXPECT_EQ(lookup.ask("ANN"), "found ann");
  tell("alter role highwater_auth reset search_path");
}

TEST_F(secrets, are_unavailable_where_the_statement_is_wrong) {
  const struct {
    const char* why;
    const char* sql;
  } rows[] = {
      {"no such function", "select * from highwater.no_such_function($1)"},
      {"no right", "select rolname, rolpassword from pg_authid where rolname = $1"},
      {"two rows", "select $1::text, 'x' from generate_series(1, 2)"},
      {"three columns", "select $1::text, 'x', 3"},
      {"another name", "select $1::text || 'x', 'x'"},
      {"two statements", "select $1::text, 'x'; select 1"},
      {"it fails", "select $1::text, (1 / 0)::text"},
  };
  for (const auto& [why, sql] : rows) EXPECT_EQ(asking_service(*servers, asking(sql)).ask("ann"), "unavailable") << why;
}

TEST_F(secrets, of_others_come_over_the_same_connection_behind_a_refusal) {
  asking_service lookup(*servers, asking("select $1::text, (pg_backend_pid() + 0 / (length($1) - 3))::text"));
  const auto backend = lookup.ask("first");
  EXPECT_THAT(backend, StartsWith("found "));
  EXPECT_EQ(lookup.ask("bad"), "unavailable");
  EXPECT_EQ(lookup.ask("later"), backend);
}

TEST_F(secrets, are_there_again_when_the_connection_was_lost) {
  asking_service lookup(*servers, with());
  EXPECT_EQ(lookup.ask("nobody"), "unknown");
  end_connections();
  EXPECT_EQ(lookup.ask("ann"), "found " + stored("ann")) << "nobody is told of it";
}

TEST_F(secrets, come_from_a_replica_while_no_primary_is_known) {
  asking_service lookup(*servers, with());
  lookup.believe({1}, routing::no_node);
  end_connections();
  EXPECT_EQ(lookup.ask("ann"), "found " + stored("ann"));
  EXPECT_EQ(connections_to(servers->replica(0)), "1");
  lookup.believe({}, routing::no_node);
  EXPECT_EQ(lookup.ask("bare"), "unavailable");
  EXPECT_EQ(lookup.ask("ann"), "found " + stored("ann")) << "it is known already";
  lookup.believe({0, 1}, 0);
  EXPECT_EQ(lookup.ask("bare"), "found ");
  EXPECT_EQ(connections_to(servers->primary()), "1");
}

TEST_F(secrets, revoked_end_sessions) {
  const struct {
    const char* sql;
    names revoked;
  } rows[] = {
      {"alter role ann nologin", {"ann gone"}},
      {"alter role ann valid until 'yesterday'", {"ann gone"}},
      {"alter role ann password null", {"ann gone"}},
      {"alter role ann password 'other'", {"ann changed"}},
      {"alter role ann rename to bob; drop role bob", {"ann gone"}},
  };
  for (const auto& [sql, revoked] : rows) {
    TearDown();
    SetUp();
    asking_service lookup(*servers, with(100ms));
    lookup.log_in("ann");
    lookup.log_in("lasting");
    tell(sql);
    lookup.await_revoked(revoked);
  }
}

TEST_F(secrets, that_have_changed_are_news_at_once_where_somebody_says_so) {
  asking_service lookup(*servers, with(1h));
  lookup.log_in("ann");
  const auto old = lookup.ask("ann");
  tell("alter role ann password 'other'");
  EXPECT_EQ(lookup.ask("ann"), old);
  lookup.service().changed();
  EXPECT_EQ(lookup.ask("ann"), "found " + stored("ann"));
  lookup.await_revoked({"ann changed"});
}

TEST_F(secrets, are_revoked_by_the_primary_alone) {
  asking_service lookup(*servers, with(100ms));
  lookup.log_in("ann");
  lookup.log_in("lasting");
  lookup.believe({1}, routing::no_node);
  tell("drop role ann");
  servers->await_replay();
  await("the replica's word", [&] { return lookup.ask("ann") == "unknown"; });
  EXPECT_THAT(lookup.revoked(), IsEmpty());
  lookup.believe({}, routing::no_node);
  await("nobody can be asked", [&] { return lookup.ask("ann") == "unavailable"; });
  EXPECT_THAT(lookup.revoked(), IsEmpty());
  lookup.believe({0}, 0);
  lookup.await_revoked({"ann gone"});
}

TEST_F(secrets, of_a_server_that_is_down_are_unavailable_and_revoke_nobody) {
  asking_service lookup(*servers, with(100ms));
  lookup.log_in("ann");
  servers->primary().stop();
  await("the failure", [&] { return lookup.ask("ann") == "unavailable"; });
  EXPECT_EQ(lookup.ask("bare"), "unavailable");
  EXPECT_THAT(lookup.revoked(), IsEmpty());
  servers->primary().start();
  await("the return", [&] { return lookup.ask("ann") != "unavailable"; });
  tell("drop role ann");
  lookup.await_revoked({"ann gone"});
}

}  // namespace
}  // namespace highwater::testing_support
