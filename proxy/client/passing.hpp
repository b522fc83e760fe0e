#pragma once

// What a client sends that is passed on as it comes: copy data, and batches that are too long to be held or whose end
// does not come.

#include <cstdint>

#include "proxy/wire/errors.hpp"

namespace highwater::proxy {

struct conversation;

struct passed {
  enum class outcome : std::uint8_t {
    more,       // there may be more to do
    wait,       // for the client, or for answers
    prepare,    // activity::needs has what the connection lacks for the next message
    violation,  // of the protocol: why.message
    fatal,      // why
    leave,      // the client goes
  };
  outcome what = outcome::wait;
  wire::error why{};
};

// The next piece of a message that has begun. False if it has not come yet.
bool pass_piece(conversation& talk);
passed pass_copy(conversation& talk);
// Behind the message that is being passed on: how many Syncs of a copy that has failed are answered.
void ask_for_late_syncs(conversation& talk);

// The batch at the beginning is sent as it comes. Nobody can tell what it is: it goes to the primary. False: it has to
// wait for what is under way.
bool begin_stream(conversation& talk);
passed pass_message(conversation& talk);
// Is the client in the middle of something that keeps a server connection? Not between two messages of a COPY, which
// may last as long as it likes.
bool is_within(const conversation& talk) noexcept;
// Of a batch that does not count, what is there of a message that is too long to be held.
void skip_too_long(conversation& talk);

}  // namespace highwater::proxy
