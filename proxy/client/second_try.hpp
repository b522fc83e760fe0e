#pragma once

// Rule 15: a read on a replica of whose answer nothing has been forwarded is run once more, elsewhere, if that replica
// refuses it or dies.

#include <cstdint>
#include <string_view>

#include "metrics/worker_probe.hpp"
#include "proxy/wire/errors.hpp"

namespace highwater::proxy {

struct conversation;

// Nothing has been forwarded of the read that is answered next, and it may be run elsewhere.
bool may_retry(const conversation& talk) noexcept;

// The beginning of its answer, which decides whether it is.
struct first_words {
  enum class verdict : std::uint8_t { undecided, answered, refused };
  verdict what = verdict::answered;
  wire::replica_refusal why{};
};
first_words judge_first_words(conversation& talk, std::string_view bytes);
// The replica will not run it: its connection is let go of. How much of `bytes` that takes; what remains of the answer
// is the connection's own affair.
std::size_t leave_refusing(conversation& talk, std::string_view bytes, wire::replica_refusal why);

// What is under way has to be sent once more. The input still holds it.
void take_back(conversation& talk);
// The batch at the beginning of the input is placed anew, for the second time and the last.
void place_anew(conversation& talk, metrics::retry_cause cause);

}  // namespace highwater::proxy
