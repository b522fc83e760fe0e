// Databases that have another name here than on the servers, and users who are somebody else there.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

constexpr const char* other_names =
    "{shop: {database: shop_v1}, books: {database: shop_v1, user: reader}, postgres: {user: reader}}";

class aliases : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1}, [](highwater_config& config) { configure(config, other_names); });
    primary().tell("create role reader login");
    primary().tell("create role ann login");
    for (const char* name : {"shop_v1", "shop_v2"}) {
      primary().tell(std::string("create database ") + name);
      pg::connection made(served->cluster().primary().conninfo(name));
      made.must(
          "create table t (n int); grant all on t to public; create sequence s; grant all on sequence s to public");
      made.must(std::string("insert into t values (") + name[6] + ")");
    }
    served->cluster().await_replay();
  }
  void SetUp() override { PROXY_ONLY(); }

  static void configure(highwater_config& config, const std::string& databases) {
    config.set("databases", databases)
        .set("auth", "{method: trust}")
        .set("admin", "{users: [postgres]}")
        .set("consistency", "{level: eventual}")
        .set("policies",
             "[{name: here, match: {databases: [books], users: [ann]}, level: causal}, {name: there, match: "
             "{databases: [shop_v1]}, level: strong}]");
  }
  static pg::connection enter(const std::string& user, const std::string& database) {
    return pg::connection(served->proxy().conninfo(database, user));
  }
};

TEST_F(aliases, databases_and_of_users) {
  struct row {
    const char *user, *database, *seen;
  };
  const row rows[] = {
      {"ann", "shop", "shop_v1 ann ann"},
      {"ann", "books", "shop_v1 reader reader"},
      {"postgres", "postgres", "postgres reader reader"},
      {"ann", "shop_v2", "shop_v2 ann ann"},
      {"ann", "shop_v1", "shop_v1 ann ann"},
  };
  for (const auto& each : rows) {
    auto session = enter(each.user, each.database);
    EXPECT_EQ(session.scalar("select concat_ws(' ', current_database(), current_user, session_user)"), each.seen);
    EXPECT_EQ(session.setting("session_authorization"),
              std::string(each.seen).substr(std::string(each.seen).rfind(' ') + 1));
  }
}

TEST_F(aliases, databases_in_policies_go_by_the_clients_names) {
  auto by_alias = enter("ann", "books");
  const auto level_of = [](pg::connection& session) {
    std::string route;
    await("the table is known", [&] {
      session.must("select n from t");
      route = session.scalar("show highwater.last_route");
      return route.find("unknown_name") == std::string::npos;
    });
    return route;
  };
  EXPECT_THAT(level_of(by_alias), testing::HasSubstr("level=causal"));
  auto by_name = enter("ann", "shop_v1");
  EXPECT_THAT(level_of(by_name), testing::HasSubstr("level=strong"));
  auto other = enter("ann", "shop");
  EXPECT_THAT(level_of(other), testing::HasSubstr("level=eventual"));
}

// What is known of a database is known of it under each of its names.
TEST_F(aliases, databases_are_one_database) {
  auto writer = enter("ann", "shop"), other = enter("postgres", "shop_v1");
  await("the catalogue is known", [&] {
    writer.must("select n from t");
    return writer.scalar("show highwater.last_route").find("role=replica") != std::string::npos;
  });
  EXPECT_EQ(writer.scalar("select nextval('s')"), "1");
  EXPECT_EQ(other.scalar("select nextval('s')"), "2");
  EXPECT_EQ(writer.scalar("select currval('s')"), "1");
  other.must("create function f() returns int language sql volatile as 'insert into t values (7) returning n'");
  EXPECT_EQ(writer.scalar("select f()"), "7") << "what the other has made is not taken for a read";
}

TEST_F(aliases, databases_on_the_console) {
  auto ann = enter("ann", "books");
  ann.must("select 1");
  auto console = enter("postgres", "highwater");
  const auto shown = console.must("show databases");
  bool found = false;
  for (const auto& row : shown.table()) {
    if (row.front() != "books") continue;
    found = true;
    EXPECT_EQ(row.at(3), "shop_v1");
    EXPECT_EQ(row.at(4), "reader");
  }
  EXPECT_TRUE(found);
  console.must("kill shop");
  EXPECT_THROW(ann.must("select 1"), pg::error) << "it is one and the same database";
  console.must("resume shop_v1");
}

TEST_F(aliases, databases_by_reload_lead_elsewhere_whoever_comes_then) {
  auto before = enter("ann", "shop");
  EXPECT_EQ(before.scalar("select current_database()"), "shop_v1");
  highwater_config config(served->cluster());
  configure(config, "{shop: {database: shop_v2}}");
  served->proxy().reload(config);
  auto after = enter("ann", "shop");
  EXPECT_EQ(after.scalar("select current_database()"), "shop_v2");
  before.must("set application_name = 'other'");
  EXPECT_EQ(before.scalar("select current_database()"), "shop_v1") << "for as long as it lasts";
  highwater_config first(served->cluster());
  configure(first, other_names);
  served->proxy().reload(first);
}

}  // namespace
}  // namespace highwater::testing_support
