#include "proxy/io/name_resolver.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

namespace highwater::proxy {

using boost::asio::ip::tcp;

void name_resolver::resolve(std::string host, std::uint16_t port, event_loop& to, found_function then) {
  boost::asio::post(io_, [this, which = name(std::move(host), port), who = asker{&to, std::move(then)}]() mutable {
    ask(std::move(which), std::move(who));
  });
}

void name_resolver::ask(name which, asker who) {
  auto& waiting = asked_[which];
  waiting.push_back(std::move(who));
  if (waiting.size() > 1) return;
  auto resolver = std::make_shared<tcp::resolver>(io_);
  const auto answered = [this, resolver, which](const boost::system::error_code& error,
                                                const tcp::resolver::results_type& all) {
    found(which, error, {all.begin(), all.end()});
  };
  resolver->async_resolve(which.first, std::to_string(which.second), answered);
}

void name_resolver::found(const name& which, const boost::system::error_code& error,
                          const std::vector<tcp_endpoint>& all) {
  auto waiting = asked_.extract(which);
  for (auto& [loop, then] : waiting.mapped()) {
    loop->post([error, all, then = std::move(then)] { then(error, all); });
  }
}

}  // namespace highwater::proxy
