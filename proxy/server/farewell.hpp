#pragma once

// Waits for a server to have closed a connection that it has been told to close: by then its backend is gone, and
// counts among those that are connected to its database no more.

#include <chrono>
#include <functional>

#include "proxy/io/timer_queue.hpp"
#include "proxy/io/unique_socket.hpp"

namespace highwater::proxy {

// `gone` is called once, from the loop, after `limit` at the latest; it is destroyed without a call if the timers stop
// first.
void await_end(event_loop& loop, timer_queue& timers, unique_socket socket, std::chrono::milliseconds limit,
               std::function<void()> gone);

}  // namespace highwater::proxy
