#include "proxy/io/name_resolver.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

namespace highwater::proxy {

namespace {

using boost::asio::ip::tcp;

// So many names may hang before others wait: there are hardly ever as many nodes.
constexpr unsigned most_threads = 16;
constexpr std::size_t most_names = 1'000;

}  // namespace

name_resolver::name_resolver(lookup how) : how_(std::move(how)), threads_("names", most_threads, most_names) {}

name_resolver::addresses name_resolver::ask_system(const std::string& host, std::uint16_t port,
                                                   boost::system::error_code& error) {
  boost::asio::io_context io{1};
  const auto all = tcp::resolver(io).resolve(host, std::to_string(port), error);
  return {all.begin(), all.end()};
}

void name_resolver::resolve(std::string host, std::uint16_t port, found_function then) {
  const name which(std::move(host), port);
  {
    const std::scoped_lock lock(mutex_);
    auto& waiting = asked_[which];
    waiting.push_back(std::move(then));
    if (waiting.size() > 1) return;
  }
  // Not with the lock held: what is found is told under one of the threads' own.
  const bool asks = threads_.run([this, which, how = how_]() -> waiting_work::rest {
    boost::system::error_code error;
    auto all = how(which.first, which.second, error);
    return [this, which, error, all = std::move(all)] { found(which, error, all); };
  });
  if (!asks) found(which, boost::asio::error::host_not_found_try_again, {});
}

void name_resolver::resolve(std::string host, std::uint16_t port, event_loop& to, found_function then) {
  resolve(std::move(host), port, [&to, then = std::move(then)](const auto& error, const auto& all) {
    to.post([error, all, then] { then(error, all); });
  });
}

void name_resolver::found(const name& which, const boost::system::error_code& error, const addresses& all) {
  std::vector<found_function> waiting;
  {
    const std::scoped_lock lock(mutex_);
    waiting = std::move(asked_.extract(which).mapped());
  }
  for (const auto& then : waiting) then(error, all);
}

}  // namespace highwater::proxy
