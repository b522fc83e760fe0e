#include "proxy/process/http_server.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>
#include <vector>

namespace highwater::proxy {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

// Server and clients take turns on one thread.
struct http_pages : testing::Test {
  http_pages() { server.start(); }
  ~http_pages() override { server.stop(); }

  tcp::socket client() {
    tcp::socket made(io);
    made.connect(where);
    return made;
  }
  void ask(tcp::socket& over, const std::string& method) {
    asio::write(over, asio::buffer(method + " /page HTTP/1.1\r\nHost: h\r\n\r\n"));
  }
  std::string answer(tcp::socket& over) {
    while (over.available() == 0) io.run_one();
    std::string text;
    asio::read_until(over, asio::dynamic_buffer(text), "\r\n\r\n");
    return text;
  }

  asio::io_context io{1};
  tcp::endpoint where;
  http_server server{io,
                     [this] {
                       tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
                       where = acceptor.local_endpoint();
                       return acceptor;
                     }(),
                     [](std::string_view path) {
                       return http_page{200, "text/plain", std::string(path)};
                     }};
};

TEST_F(http_pages, have_the_same_head_with_and_without_their_body) {
  auto one = client();
  ask(one, "HEAD");
  const auto head = answer(one);
  EXPECT_EQ(one.available(), 0U);
  EXPECT_NE(head.find("200 OK"), std::string::npos);
  EXPECT_NE(head.find("Content-Length: 5\r\n"), std::string::npos) << head;
  ask(one, "GET");
  EXPECT_EQ(answer(one), head + "/page");
}

TEST_F(http_pages, are_only_read) {
  auto one = client();
  ask(one, "POST");
  EXPECT_NE(answer(one).find(" 405 "), std::string::npos);
}

// Half a request, or nobody who reads: however many there are of them, the next one is served.
TEST_F(http_pages, do_not_wait_for_those_who_are_slow) {
  std::vector<tcp::socket> slow;
  for (std::size_t i = 0; i < 2 * http_server::most_connections; ++i) {
    slow.push_back(client());
    asio::write(slow.back(), asio::buffer(std::string_view("GET / HT")));
  }
  auto next = client();
  ask(next, "GET");
  EXPECT_NE(answer(next).find("200 OK"), std::string::npos);
  asio::write(slow.back(), asio::buffer(std::string_view("TP/1.1\r\nHost: h\r\n\r\n")));
  EXPECT_NE(answer(slow.back()).find("200 OK"), std::string::npos) << "there is room for some of them";
  boost::system::error_code gone;
  std::array<char, 1> one{};
  slow.front().read_some(asio::buffer(one), gone);
  EXPECT_TRUE(gone) << "the oldest has made room";
}

// No descriptor is free as long as this lives.
struct no_descriptors {
  no_descriptors() {
    getrlimit(RLIMIT_NOFILE, &before);
    const int lowest = dup(0);
    close(lowest);
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(lowest);
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~no_descriptors() { setrlimit(RLIMIT_NOFILE, &before); }
  rlimit before{};
};

TEST_F(http_pages, come_late_where_there_are_no_descriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers need descriptors themselves, to see what memory is readable";
#endif
  auto one = client();
  ask(one, "GET");
  {
    const no_descriptors now;
    io.poll();  // would not return if it tried again and again
    EXPECT_EQ(one.available(), 0U);
  }
  EXPECT_NE(answer(one).find("200 OK"), std::string::npos);
}

}  // namespace
}  // namespace highwater::proxy
