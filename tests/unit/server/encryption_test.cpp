#include "proxy/server/encryption.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "tests/support/certificates.hpp"

namespace highwater::proxy {
namespace {

using config::tls_mode;

class encryption_test : public testing::Test {
protected:
  static void SetUpTestSuite() {
    folder = std::filesystem::path(testing::TempDir()) / ("highwater_encryption_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const testing_support::certificate_authority good("good"), other("other");
    ca = testing_support::write_secret(folder, "ca", good.certificate());
    other_ca = testing_support::write_secret(folder, "other_ca", other.certificate());
    const auto server = good.issue({});
    certificate = testing_support::write_secret(folder, "crt", server.certificate);
    key = testing_support::write_secret(folder, "key", server.key);
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder); }

  static config::config with(const config::server_tls& how) {
    config::config made;
    made.cluster.nodes.resize(1);
    made.cluster.tls = how;
    return made;
  }
  // Why no connection comes about with a server that has the certificate; empty if one does.
  static std::string why_not(const node_encryption& how, const std::string& host) {
    tls_engine server(tls_context::for_clients({certificate, key, ""}, tls_check::none), {});
    tls_engine client(how.context, how.towards(host));
    std::array<char, 64> unused{};
    std::string to_server, to_client;
    client.read({}, unused.data(), unused.size(), to_server);
    while (!to_server.empty() || !to_client.empty()) {
      server.read(std::exchange(to_server, {}), unused.data(), unused.size(), to_client);
      client.read(std::exchange(to_client, {}), unused.data(), unused.size(), to_server);
    }
    return client.why();
  }

  inline static std::filesystem::path folder;
  inline static std::string ca, other_ca, certificate, key;
};

TEST_F(encryption_test, checks_servers_as_the_mode_says) {
  struct row {
    tls_mode mode;
    bool checks_without_ca, checks_host;
  };
  using enum tls_mode;
  const row rows[] = {{allow, false, false},
                      {prefer, false, false},
                      {require, false, false},
                      {verify_ca, true, false},
                      {verify_full, true, true}};
  for (const auto& each : rows) {
    const auto mode = config::to_string(each.mode);
    const encryption none(with({each.mode, "", "", ""})), good(with({each.mode, ca, "", ""})),
        bad(with({each.mode, other_ca, "", ""}));
    EXPECT_EQ(why_not(none.node(0), "localhost") != "", each.checks_without_ca) << mode;
    EXPECT_EQ(why_not(good.node(0), "localhost"), "") << mode;
    EXPECT_EQ(why_not(good.node(0), "127.0.0.1"), "") << mode;
    EXPECT_NE(why_not(bad.node(0), "localhost"), "") << mode << ": a root certificate has to be satisfied";
    EXPECT_EQ(why_not(good.node(0), "elsewhere") != "", each.checks_host) << mode;
  }
  EXPECT_EQ(encryption(with({disable, other_ca, "", ""})).node(0).context, nullptr);
}

TEST_F(encryption_test, is_a_nodes_own_where_it_has_one) {
  auto from = with({tls_mode::verify_full, ca, "", ""});
  from.cluster.nodes.resize(2);
  from.cluster.nodes[1].tls.mode = tls_mode::disable;
  const encryption made(from);
  EXPECT_EQ(made.node(0).mode, tls_mode::verify_full);
  EXPECT_EQ(made.node(1).context, nullptr);
}

TEST_F(encryption_test, is_offered_to_clients_as_the_mode_says) {
  using enum tls_mode;
  for (const auto& [mode, offered, needed] : {std::tuple{disable, false, false},
                                              {allow, true, false},
                                              {prefer, true, false},
                                              {require, true, true},
                                              {verify_ca, true, true},
                                              {verify_full, true, true}}) {
    config::config from;
    from.listen.tls = {mode, certificate, key, ca};
    const encryption made(from);
    EXPECT_EQ(made.clients() != nullptr, offered) << config::to_string(mode);
    EXPECT_EQ(made.clients_need_it(), needed) << config::to_string(mode);
  }
}

TEST_F(encryption_test, of_a_node_that_is_there_no_more_stays_as_it_was) {
  auto from = with({tls_mode::verify_full, ca, "", ""});
  from.cluster.nodes.resize(2);
  const encryption before(from);
  config::node other;
  other.tls.mode = tls_mode::disable;
  const encryption made({}, {{0, other}, {3, other}}, before);
  EXPECT_EQ(made.node(0).context, nullptr);
  EXPECT_EQ(made.node(1).context, before.node(1).context);
  EXPECT_EQ(made.node(1).mode, tls_mode::verify_full) << "nobody is spoken to in the clear for being taken out";
  EXPECT_EQ(made.node(3).context, nullptr);
}

}  // namespace
}  // namespace highwater::proxy
