#pragma once

// What a client sends, up to its inbox: how much of it is read, and how long it is kept.

#include "proxy/io/stream.hpp"

namespace highwater::proxy {

struct conversation;

// Through the worker's own memory: what is read is short nearly always, and to make room for more would cost more than
// to copy it.
stream::read_result read_some(conversation& talk);
// May more be read now? `waits`: what is there has to wait for something.
bool has_room(const conversation& talk, bool waits);
// Is the server slow to take what it is sent?
bool floods_server(const conversation& talk);
// Lets go of what has been sent on, and cannot be sent again.
void let_go_of_sent(conversation& talk);
// Nothing is under way, or to be done: what only somebody has who has something to do goes back to the worker.
void rest(conversation& talk);
bool may_rest(const conversation& talk);

}  // namespace highwater::proxy
