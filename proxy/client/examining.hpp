#pragma once

// What the batch is that has come, out of the verdicts on its statements: activity::facts for everybody behind this.

#include <optional>

#include "proxy/client/admission.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::proxy {

struct conversation;

// The type of a message that is malformed; none if the batch is known now. It may have become the first part of one.
std::optional<char> look_at_batch(conversation& talk);
// What others were told of by now binds it, as if it were placed now.
demand demands(conversation& talk, const standing& where);
// What it wants nobody to be connected to.
sql::login_change wanted_logins(const conversation& talk);
// It runs currval() or lastval().
bool reads_sequences(const conversation& talk);

}  // namespace highwater::proxy
