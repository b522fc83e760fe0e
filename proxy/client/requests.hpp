#pragma once

// The batch at the beginning of the input, in the words of the server that the session leases, and on its way there.

#include <cstdint>

#include "proxy/client/writing.hpp"
#include "routing/decide.hpp"

namespace highwater::proxy {

struct conversation;

writing writes(conversation& talk);

// From the message `fails_at` on, what stands in it does not count: it fails there with exchange::own_failure.
void send_batch(conversation& talk, routing::route_reason reason, std::size_t fails_at = SIZE_MAX);
// The batch is at an end that the server has to know of, because its part of it has not been ended by a Sync yet.
void send_sync(conversation& talk);
// In the middle of an exchange the server keeps its answers until somebody asks for them.
void ask_for_answers(conversation& talk);
// What is due before anything comes from the server.
void answer_due_locals(conversation& talk);
// Where it runs, for metrics and SHOW highwater.last_route.
void note_route(conversation& talk, routing::route_reason reason);

// What it has drawn from sequences is told where it has written last, and nobody since: it writes here now.
void note_write(conversation& talk);
// currval() tells what the server's session has got from a sequence, and many sessions have had that one. Without this
// it would tell of somebody else's row, or of one that was not the last; with it the server says that there is none yet
// (55000).
void forget_sequences_of_others(conversation& talk);

}  // namespace highwater::proxy
