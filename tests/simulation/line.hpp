#pragma once

// One server connection: the proxy's end with the real server_session, the server's end, and the messages between the
// two, which stay in their order.

#include "proxy/client/fifo.hpp"
#include "proxy/server/server_session.hpp"
#include "tests/simulation/backend.hpp"

namespace highwater::simulation {

class line_pool;
class session;

struct line {
  line(line_pool& of, node_index called, const backend& there) : home(of), session(called), server(there) {}

  line_pool& home;
  proxy::server_session session;
  backend server;
  simulation::session* holder = nullptr;
  std::size_t whose = 0;           // the session that has sent what is under way
  proxy::fifo<request, 4> coming;  // to the server
  proxy::fifo<reply, 4> going;     // back
  instant arrives = routing::never, free_at = routing::never, delivered = routing::never;
  unsigned under_way = 0;  // events that will want to find it
  bool closed = false;     // by the proxy
  bool dead = false;       // nothing more will come from there
};

}  // namespace highwater::simulation
