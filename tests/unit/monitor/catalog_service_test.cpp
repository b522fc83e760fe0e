#include "proxy/monitor/catalog_service.hpp"

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

// A primary of which only as much is there as the test plays.
struct played_primary : testing::Test {
  played_primary() {
    auto& node = cluster.nodes.emplace_back();
    node.host = "127.0.0.1";
    node.port = acceptor.local_endpoint().port();
    cluster.monitor.timeout = std::chrono::hours(1);
    cluster.tls.mode = config::tls_mode::disable;  // what is played has none
    auto view = std::make_shared<routing::cluster_view>();
    view->nodes.resize(1);
    view->primary = 0;
    board.publish(view);
  }

  tcp::socket accepted() {
    auto made = acceptor.accept();
    std::array<unsigned char, 4> length{};
    asio::read(made, asio::buffer(length));
    std::string startup(static_cast<std::size_t>(length[2] * 256 + length[3] - 4), 0);
    asio::read(made, asio::buffer(startup));
    return made;
  }

  asio::io_context io;
  tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  config::cluster cluster;
  view_board board{1};
  std::promise<known_catalog> published;
  catalog_service service{
      cluster, {}, board, [this](const std::string&, const known_catalog& catalog) { published.set_value(catalog); }};
};

TEST_F(played_primary, does_not_hold_up_the_end_while_it_is_connected_to) {
  service.use("d");
  const auto silent = accepted();
  service.stop();
}

TEST_F(played_primary, does_not_hold_up_the_end_while_it_is_asked) {
  service.use("d");
  auto silent = accepted();
  asio::write(silent, asio::buffer("R\0\0\0\x8\0\0\0\0Z\0\0\0\5I"s));
  std::array<char, 1> question{};
  asio::read(silent, asio::buffer(question));
  EXPECT_EQ(question[0], 'Q');
  service.stop();
}

TEST_F(played_primary, ends_what_is_known_of_a_database_that_it_does_not_have) {
  service.use("d");
  auto refusing = accepted();
  asio::write(refusing, asio::buffer("E\0\0\0\x27SFATAL\0VFATAL\0C3D000\0Mno database\0\0"s));
  EXPECT_EQ(published.get_future().get().catalog, nullptr);
  refusing.close();
  service.use("d");
  const auto again = accepted();
}

}  // namespace
}  // namespace highwater::proxy
