#pragma once

// A client that has been let in: what it has asked for at login, and what it is told before its first ReadyForQuery. A
// server's words, said to any client that logs in like it; where nobody has heard them yet, it needs a server once.

#include <optional>
#include <string>

#include "proxy/client/welcomes.hpp"
#include "proxy/wire/errors.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::proxy {

struct conversation;
struct newcomer;

// An error if it asks for what Highwater does not know.
std::optional<wire::error> take_login(conversation& talk, newcomer& who);
// What a server has said to somebody who logged in like it; null if one has to be asked.
parameters_ptr known_welcome(conversation& talk);
// One that is leased has been given the client's settings. It is given back, unless the session stays there.
parameters_ptr learn_welcome(conversation& talk);
// From here on it is one of those who are welcome.
void send_welcome(conversation& talk, const parameters_ptr& parameters, const wire::backend_key_message& key);

}  // namespace highwater::proxy
