#pragma once

// What the server answers, on its way to the client: what has to be noted before the client is told of it, and what has
// to be done about it.

#include <cstdint>
#include <string_view>

#include "proxy/wire/errors.hpp"
#include "proxy/wire/reply_reader.hpp"
#include "routing/instant.hpp"

namespace highwater::proxy {

struct conversation;

struct received {
  enum class outcome : std::uint8_t {
    fine,
    begin_failed,  // the BEGIN that the client takes for done: why.message
    violation,     // the server has sent what does not belong into the protocol
    last_words,    // it is about to close the connection: why
  };
  wire::reply_reader::result read;
  outcome what = outcome::fine;
  wire::error why{};
};
// Forwards what has come, up to the end of it or of a batch behind which a decision is due.
received take_replies(conversation& talk, std::string_view bytes);

// The answer to what was asked for the session's sake: short, and taken as a whole once its end is there.
struct inquired {
  std::size_t size = 0;  // of what is taken; 0: there is not all of it yet
  std::string_view row;  // a DataRow's body; empty if there was none, or an error
};
// A notification among it is forwarded: it tells of a commit like any other answer.
inquired take_inquiry(conversation& talk, std::string_view bytes);
void forward_notification(conversation& talk, std::string_view message);

// The client is about to be told something by its server: whoever is told of it can tell others (rules 4, 7, 22).
void note_told(conversation& talk, routing::instant now);
// What the DDL of the transaction was about must not be judged by what it was before.
void tell_of_ddl(conversation& talk);
// ... and is not what it was.
void schema_has_changed(conversation& talk);

}  // namespace highwater::proxy
