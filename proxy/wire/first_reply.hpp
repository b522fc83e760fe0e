#pragma once

// Whether a replica's answer is one for the client, found out before anything of it is forwarded. Sans-io.

#include <cstdint>
#include <string_view>

#include "proxy/wire/errors.hpp"

namespace highwater::wire {

struct first_reply {
  enum class verdict : std::uint8_t {
    undecided,  // wait for more of it
    forward,    // it is an answer, or the server's word on the statement itself
    refused,    // the statement may be run elsewhere (rule 15)
  };
  verdict what = verdict::undecided;
  replica_refusal why = replica_refusal::none;
};

// `bytes`: what has come of the answer, from its beginning. Rows that came together with an error behind them have not
// been forwarded either, and do not count. `prepares`: the statement was prepared in the same batch, so that a plan
// that is out of date is not the client's.
first_reply judge_first_reply(std::string_view bytes, bool prepares) noexcept;

// That much is held back at most, in bytes.
inline constexpr std::size_t most_held_back = 32U << 10U;

}  // namespace highwater::wire
