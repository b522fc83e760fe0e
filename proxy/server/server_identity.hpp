#pragma once

// Rule 25: the server behind a connection may be another one than the monitor's: behind a virtual address, a name with
// several addresses, a balancer. What the monitor has proved says nothing about that one. So each connection is asked
// once, right behind its login, when its server started; to the microsecond that tells servers apart. The answer is
// compared with what the node said to the monitor when a sample that was sent after the login is there.
//
// The question calls a function, so while somebody has pg_proc locked exclusively no connection is made.

#include <cstdint>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "proxy/wire/errors.hpp"
#include "proxy/wire/frame.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::proxy {

// The question and its answer; sans-io.
class identity_inquiry {
public:
  enum class step : std::uint8_t { more, done, failed };

  void ask(std::string& out);
  bool asked() const noexcept { return asked_; }
  step take(const wire::frame& message);

  std::int64_t started() const noexcept { return started_; }  // in microseconds since 1970
  const wire::error& why() const noexcept { return error_; }

private:
  bool asked_ = false;
  std::int64_t started_ = 0;
  wire::error error_;
};

// None: it is the one, or the monitor has not asked the node since the connection stood.
std::optional<wire::error> is_stranger(std::int64_t started, routing::instant established,
                                       const routing::node_view& known, const config::node& node);

}  // namespace highwater::proxy
