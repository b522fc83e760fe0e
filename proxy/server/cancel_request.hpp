#pragma once

// One cancel request on its way to a server. The server hangs up once it has passed the request on to the backend, so
// that is when the request is over: before that it may still hit whatever the backend runs next.

#include <chrono>
#include <functional>
#include <string>

#include "proxy/io/connect_attempt.hpp"
#include "proxy/io/timer_queue.hpp"
#include "proxy/server/encryption.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::proxy {

struct cancel_target {
  tcp_endpoint endpoint;
  wire::backend_key_message key;
  std::string host{};                            // its name, for TLS
  const node_encryption* encrypts_as = nullptr;  // null: in the clear, as the connection that it is about
};

// `over` is called once, from the event loop: true when the server has hung up, false if it could not be reached, or
// has not done so within `limit`. Nothing is known then of when the request will hit, if it ever does. It is destroyed
// without a call if the timers stop first.
void send_cancel_request(event_loop& loop, timer_queue& timers, const cancel_target& to,
                         std::chrono::milliseconds limit, std::function<void(bool delivered)> over);

}  // namespace highwater::proxy
