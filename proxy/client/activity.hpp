#pragma once

// What only a client with something to do has: its input, the batch that is looked at, the way to a server, and what is
// under way there. Its memory comes from the worker and goes back there: a session has one for each of its queries,
// nearly.

#include <memory>

#include "proxy/client/attempt.hpp"
#include "proxy/client/batch_facts.hpp"
#include "proxy/client/exchange.hpp"
#include "proxy/client/inbox.hpp"
#include "proxy/client/passage.hpp"
#include "proxy/client/preparation.hpp"
#include "proxy/client/stall_watch.hpp"
#include "proxy/client/vacancy.hpp"
#include "proxy/io/timer_queue.hpp"

namespace highwater::proxy {

struct conversation;

struct activity {
  activity(conversation& whose, passage::traveller& who);

  worker_context& owner;

  class inbox inbox;
  batch_facts facts;      // of the batch at its beginning
  bool cut_here = false;  // ... which is the first part of one: what follows depends on what comes of it
  class attempt attempt;
  class passage passage;
  class exchange exchange;
  preparation needs;                                            // before the batch can be sent
  routing::route_reason reason = routing::route_reason::write;  // ... and why there, then
  std::shared_ptr<vacancy> vacant;                              // databases that it wants nobody to be connected to

  bool needs_met = false;    // of the message of a stream that is next
  bool warns = false;        // what there is to be said of the plan has not been said yet
  bool yielded = false;      // others have their turn, although there is more to do here
  timer_queue::ticket rest;  // when a batch that has begun is sent as it comes, if its end has not come by then
  stall_watch stall;         // has the client stopped in the middle of something?
};

struct activity_end {
  void operator()(activity* which) const noexcept;
};
using activity_ptr = std::unique_ptr<activity, activity_end>;

}  // namespace highwater::proxy
