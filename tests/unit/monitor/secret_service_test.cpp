// The end of the service, whatever the server is doing. What it answers is tested with real servers
// (tests/integration/secrets_pgtest.cpp).

#include "proxy/monitor/secret_service.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <string>

namespace highwater::proxy {
namespace {

using namespace std::string_literals;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using outcome = auth::secret_answer::outcome;

config::auth_query asked_as(const std::string& user) {
  config::auth_query how;
  how.user = user;
  return how;
}

// A primary of which only as much is there as the test plays.
struct secrets_of_a_played_primary : testing::Test {
  secrets_of_a_played_primary() {
    auto& node = cluster.nodes.emplace_back();
    node.host = "127.0.0.1";
    node.port = acceptor.local_endpoint().port();
    cluster.monitor.timeout = std::chrono::hours(1);
    cluster.tls.mode = config::tls_mode::disable;  // what is played has none
    auto view = std::make_shared<routing::cluster_view>();
    view->nodes.resize(1);
    view->primary = 0;
    board.publish(view);
    service.start();
  }

  tcp::socket accepted() {
    auto made = acceptor.accept();
    std::array<unsigned char, 4> length{};
    asio::read(made, asio::buffer(length));
    startup.resize(static_cast<std::size_t>(length[2] * 256 + length[3] - 4));
    asio::read(made, asio::buffer(startup));
    return made;
  }
  void ask(const std::string& user) {
    service.ask(user, [this](const auto& answer) { told.set_value(answer.what); });
  }

  asio::io_context io;
  tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  config::cluster cluster;
  config::auth_query how = asked_as("asker");
  view_board board{1};
  std::string startup;
  std::promise<outcome> told;
  secret_service service{cluster, how, board, [] { return std::vector<auth::standing_user>{}; }, [](const auto&) {}};
};

TEST_F(secrets_of_a_played_primary, are_asked_for_where_and_as_whom_the_configuration_says) {
  ask("ann");
  const auto silent = accepted();
  const auto has = [&](const std::string& text) { return startup.find(text + "\0"s) != std::string::npos; };
  EXPECT_TRUE(has("user\0asker"s));
  EXPECT_TRUE(has("database\0postgres"s));
  EXPECT_NE(startup.find("-c search_path=pg_catalog "), std::string::npos);
}

TEST_F(secrets_of_a_played_primary, do_not_hold_up_the_end_while_it_is_connected_to) {
  ask("ann");
  const auto silent = accepted();
  service.stop();
}

TEST_F(secrets_of_a_played_primary, do_not_hold_up_the_end_while_it_is_asked) {
  ask("ann");
  auto silent = accepted();
  asio::write(silent, asio::buffer("R\0\0\0\x8\0\0\0\0Z\0\0\0\5I"s));
  std::array<char, 1> question{};
  asio::read(silent, asio::buffer(question));
  EXPECT_EQ(question[0], 'P') << "the name is a parameter";
  service.stop();
}

TEST_F(secrets_of_a_played_primary, are_unavailable_when_it_refuses) {
  ask("ann");
  auto refusing = accepted();
  asio::write(refusing, asio::buffer("E\0\0\0\x27SFATAL\0VFATAL\0C28P01\0Mgo away now\0\0"s));
  acceptor.close();
  refusing.close();
  EXPECT_EQ(told.get_future().get(), outcome::unavailable);
}

}  // namespace
}  // namespace highwater::proxy
