#pragma once

// What Highwater answers itself, in place of a server; and errors, of which the server may have to know.

#include <string_view>

#include "proxy/wire/errors.hpp"

namespace highwater::proxy {

struct conversation;

// A lone Sync or Flush, of which no server needs to know.
void answer_sync(conversation& talk);
// BEGIN, and what else of a transaction needs no server yet. False if it does.
bool answer_transaction(conversation& talk);
// About Highwater itself.
void answer_internal(conversation& talk);

// After an error was answered in the extended protocol, what the client had sent up to its Sync does not count. The
// server wants the Sync itself, if the error was its own.
void skip_batch(conversation& talk);

// An error, or a whole ErrorResponse, in place of the batch that is at the beginning of the input.
void fail_batch(conversation& talk, const wire::error& why);
void fail_batch(conversation& talk, std::string_view message);
// ... which the server has failed already, if it is concerned.
void answer_failure(conversation& talk, std::string_view message);

}  // namespace highwater::proxy
