// The raw protocol client itself: what it says must be what PostgreSQL understands.

#include <gmock/gmock.h>

#include "tests/support/raw_client.hpp"
#include "tests/support/served_cluster.hpp"

namespace highwater::testing_support {
namespace {

class protocol_client : public testing::Test {
protected:
  static void SetUpTestSuite() { served = std::make_unique<served_cluster>(cluster_options{.replicas = 1}); }
  static void TearDownTestSuite() { served.reset(); }

  static raw::client logged_in() {
    raw::client client(served->port());
    client.log_in();
    return client;
  }

  inline static std::unique_ptr<served_cluster> served;
};

TEST_F(protocol_client, logs_in_with_startup_parameters) {
  raw::client client(served->port());
  const auto greeting = client.log_in("postgres", "postgres", {{"application_name", "raw"}});
  EXPECT_EQ(greeting.front().type, 'R');
  EXPECT_NE(client.backend_pid(), 0u);
  EXPECT_EQ(client.cancel_key().size(), 4u);
  EXPECT_EQ(raw::row(client.query("show application_name").at(1)), (std::vector<std::optional<std::string>>{"raw"}));
}

TEST_F(protocol_client, is_refused_encryption_and_goes_on_in_plain_text) {
  raw::client client(served->port());
  client.send(raw::ssl_request());
  EXPECT_EQ(client.read_byte(), 'N');
  client.log_in();
  EXPECT_EQ(raw::types(client.query("select 1")), "TDCZ");
}

TEST_F(protocol_client, speaks_the_extended_protocol) {
  auto client = logged_in();
  client.send(raw::parse("s", "select $1::int + 1, $2::text") + raw::describe_statement("s") +
              raw::bind("p", "s", {"41", std::nullopt}) + raw::describe_portal("p") + raw::execute("p") +
              raw::close_portal("p") + raw::close_statement("s") + raw::sync());
  const auto answer = client.read_until_ready();
  EXPECT_EQ(raw::types(answer), "1tT2TDC33Z");
  EXPECT_EQ(raw::row(answer.at(5)), (std::vector<std::optional<std::string>>{"42", std::nullopt}));
}

TEST_F(protocol_client, gets_rows_in_portions_and_answers_to_flush) {
  auto client = logged_in();
  client.send(raw::parse("", "select generate_series(1, 3)") + raw::bind("", "") + raw::execute("", 2) + raw::flush());
  EXPECT_EQ(raw::types(client.read_until('s')), "12DDs");
  client.send(raw::execute("", 2) + raw::sync());
  EXPECT_EQ(raw::types(client.read_until_ready()), "DCZ");
}

TEST_F(protocol_client, reads_the_fields_of_errors) {
  auto client = logged_in();
  const auto answer = client.query("select 1/0");
  EXPECT_EQ(raw::types(answer), "EZ");
  EXPECT_EQ(raw::error_field(answer.front(), 'C'), "22012");
  EXPECT_EQ(raw::describe(answer.front()), "E 22012 division by zero");
}

TEST_F(protocol_client, copies_in_and_gives_up_a_copy) {
  auto client = logged_in();
  client.query("create table copied (t text)");
  client.send(raw::query("copy copied from stdin"));
  client.expect('G');
  client.send(raw::copy_data("a\n") + raw::copy_data("b\n") + raw::copy_done());
  EXPECT_EQ(raw::types(client.read_until_ready()), "CZ");
  client.send(raw::query("copy copied from stdin"));
  client.expect('G');
  client.send(raw::copy_fail("changed my mind"));
  EXPECT_EQ(raw::error_field(client.read_until_ready().front(), 'C'), "57014");
  EXPECT_EQ(raw::types(client.query("copy copied to stdout")), "HddcCZ");
}

TEST_F(protocol_client, cancels_by_its_key) {
  auto client = logged_in();
  client.send(raw::query("select pg_sleep(60)"));
  // The request may come before the query has begun: then it does nothing, as the protocol says.
  std::vector<raw::message> answer;
  await("the query is cancelled", [&] {
    raw::client messenger(served->port());
    messenger.send(raw::cancel_request(client.backend_pid(), client.cancel_key()));
    EXPECT_TRUE(messenger.closed_within());
    if (client.silent_for(milliseconds(100))) return false;
    answer = client.read_until_ready();
    return true;
  });
  ASSERT_THAT(raw::types(answer), testing::EndsWith("EZ"));
  EXPECT_EQ(raw::error_field(answer.end()[-2], 'C'), "57014");
}

TEST_F(protocol_client, notices_that_the_server_hung_up) {
  auto client = logged_in();
  client.send(raw::terminate());
  EXPECT_TRUE(client.closed_within());
}

}  // namespace
}  // namespace highwater::testing_support
