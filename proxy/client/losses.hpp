#pragma once

// A connection is lost, or has to be given up: what is lost with it, what has to be noted, and what is said of it.

#include <optional>

#include "proxy/client/refusals.hpp"

namespace highwater::proxy {

struct conversation;

// What is lost with the connection, if it is lost now. `inquires`: it is being asked what has become of the session.
loss at_stake(const conversation& talk, bool inquires);
// Rule 7: what was under way may have been committed. True if any of it writes.
bool note_unknown_writes(conversation& talk);
// The lease has ended in the middle of what it was for. Answers what was under way; an error that ends the session
// where that cannot be.
std::optional<wire::error> tell_of_loss(conversation& talk, const loss& what, const wire::error& said);

// Rule 12: a transaction or a pinned session stays where it is, but writes nothing to a primary that is none any more.
bool on_deposed_node(conversation& talk);
// It may be hanging, and not even a cancel would reach it: the lease is dropped. The error that ends the session.
wire::error leave_deposed_node(conversation& talk);

}  // namespace highwater::proxy
