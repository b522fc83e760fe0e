#pragma once

// Looks host names up, each time that a connection is to be made: the system's resolver keeps what it may keep. A
// lookup may take as long as that lets it, so it runs on a thread of its own; a name that hangs is asked for once, and
// keeps no other back.

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "proxy/io/connect_attempt.hpp"
#include "proxy/io/event_loop.hpp"
#include "proxy/io/waiting_work.hpp"

namespace highwater::proxy {

class name_resolver {
public:
  using addresses = std::vector<tcp_endpoint>;
  using found_function = std::function<void(const boost::system::error_code& error, const addresses& found)>;
  using lookup =
      std::function<addresses(const std::string& host, std::uint16_t port, boost::system::error_code& error)>;

  // `how` blocks, and is called on several threads; by default the system is asked.
  explicit name_resolver(lookup how = ask_system);

  // From any thread. `then` is called once, on another thread or within, and must only post; or never, behind stop().
  void resolve(std::string host, std::uint16_t port, found_function then);
  // ... from the loop `to`, which outlives this one's running.
  void resolve(std::string host, std::uint16_t port, event_loop& to, found_function then);
  void stop() noexcept { threads_.stop(); }

  static addresses ask_system(const std::string& host, std::uint16_t port, boost::system::error_code& error);

private:
  using name = std::pair<std::string, std::uint16_t>;
  void found(const name& which, const boost::system::error_code& error, const addresses& all);

  lookup how_;
  std::mutex mutex_;
  std::map<name, std::vector<found_function>> asked_;  // one lookup of a name at a time, for all who ask
  waiting_work threads_;
};

}  // namespace highwater::proxy
