#pragma once

// One cancel request on its way to a server. The server hangs up once it has passed the request on to the backend, so
// that is when the request is over: before that it may still hit whatever the backend runs next.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>

#include "proxy/wire/messages.hpp"

namespace highwater::proxy {

// `over` is called once, from the event loop: true when the server has hung up, false if it could not be reached, or
// has not done so within `limit`. Nothing is known then of when the request will hit, if it ever does.
void send_cancel_request(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& to,
                         wire::backend_key_message key, std::chrono::milliseconds limit,
                         std::function<void(bool delivered)> over);

}  // namespace highwater::proxy
