#pragma once

// What the leased connection lacks for the batch: prepared statements of the client's, which it is given first. One
// that cannot be had fails where the batch uses it, and nothing behind that is prepared.

#include <optional>
#include <string_view>

#include "metrics/worker_probe.hpp"
#include "proxy/wire/frame.hpp"
#include "routing/decide.hpp"

namespace highwater::proxy {

struct conversation;

// Of what the batch uses, what the connection does not have: in activity::needs. The batch may become the first part of
// one.
void find_needs(conversation& talk);
// ... of one message of those that are sent as they come.
bool needs_anything_for(conversation& talk, const wire::frame& message);
// Gives it that; lease_holder::on_prepared() follows. The batch is to be sent then for this reason.
void prepare_needs(conversation& talk, routing::route_reason reason);

// What has come of it. `failed` as in lease_holder::on_prepared().
void note_prepared_needs(conversation& talk, std::string_view failed);
// Rule 15, of a read that is prepared on a replica, when nothing of it has been sent: why it is to be tried elsewhere;
// none if that is not so.
std::optional<metrics::retry_cause> leaves_who_refuses(conversation& talk, std::string_view failed);
// Who stands behind one that was refused has been passed over: is there anything to be tried again?
bool must_prepare_again(conversation& talk, std::string_view failed);
// Sends the batch, as far as what it needs is there, and fails it behind that.
void run_prepared(conversation& talk);

}  // namespace highwater::proxy
