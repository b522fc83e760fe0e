#pragma once

// Looks host names up for workers, whose event loops have no resolver of their own: a lookup may take seconds, and runs
// on a thread that Asio keeps for that; a name that hangs is asked for once, and keeps no other back for longer.

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "proxy/io/connect_attempt.hpp"
#include "proxy/io/event_loop.hpp"

namespace highwater::proxy {

class name_resolver {
public:
  using found_function = std::function<void(const boost::system::error_code& error, std::vector<tcp_endpoint> found)>;

  explicit name_resolver(boost::asio::io_context& io) : io_(io) {}

  // From any thread. `then` is called once, from the loop `to`, which outlives `io`'s running; or never, if `io` ends.
  void resolve(std::string host, std::uint16_t port, event_loop& to, found_function then);

private:
  using name = std::pair<std::string, std::uint16_t>;
  struct asker {
    event_loop* loop;
    found_function then;
  };
  void ask(name which, asker who);
  void found(const name& which, const boost::system::error_code& error, const std::vector<tcp_endpoint>& all);

  boost::asio::io_context& io_;
  std::map<name, std::vector<asker>> asked_;  // on the thread of io: one lookup of a name at a time, for all who ask
};

}  // namespace highwater::proxy
