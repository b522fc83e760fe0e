#pragma once

// What connections to servers share that belong to one worker.

#include <memory>
#include <string>

#include "config/config.hpp"
#include "proxy/io/event_loop.hpp"
#include "proxy/io/log_throttle.hpp"
#include "proxy/io/name_resolver.hpp"
#include "proxy/io/slow_work.hpp"
#include "proxy/io/timer_queue.hpp"

namespace highwater::proxy {

struct connection_context {
  event_loop& loop;
  timer_queue& timers;
  name_resolver& names;
  slow_work& slow;
  std::string& scratch;  // for reading into; its size is what is read at most at once
  const std::shared_ptr<const config::config>& configured;
  log_throttle other_ways_told{};  // of the log lines about connections with TLS, or without, as the other did not work
};

}  // namespace highwater::proxy
