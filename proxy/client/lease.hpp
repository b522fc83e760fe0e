#pragma once

// The server connection that a session has: from when it is lent until it is given back, or closed.

#include "proxy/client/approach.hpp"

namespace highwater::proxy {

struct conversation;
class lease_holder;
class server_connection;

void begin_lease(conversation& talk, server_connection& connection, lease_holder& to);
// What the session had there is let go of. The caller gives the connection back, or closes it, or it is gone.
server_connection& end_lease(conversation& talk);
// The connection may serve somebody else.
void release(conversation& talk);
void drop_lease(conversation& talk);
void give_up_lease(conversation& talk, approach::fate what);
// The session ends in the middle of anything.
void abandon_lease(conversation& talk);

}  // namespace highwater::proxy
