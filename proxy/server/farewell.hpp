#pragma once

// Waits for a server to have closed a connection that it has been told to close: by then its backend is gone, and
// counts among those that are connected to its database no more.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>

namespace highwater::proxy {

// Owns `socket` (IPv4 or IPv6, not watched by anybody else). `gone` is called once, on `io`, after `limit` at the
// latest; it is destroyed without a call if `io` ends first.
void await_end(boost::asio::io_context& io, int socket, std::chrono::milliseconds limit, std::function<void()> gone);

}  // namespace highwater::proxy
