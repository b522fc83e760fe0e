#pragma once

// What clients say, as the classifier would describe it; made once.

#include <array>
#include <optional>
#include <string_view>

#include "proxy/client/batch_facts.hpp"
#include "tests/simulation/charter.hpp"

namespace highwater::simulation {

// `fail` is the proxy's own: what puts a transaction into the state that its client was told of.
enum class deed : std::uint8_t { read, write, begin, begin_read_only, commit, roll_back, fail };
inline constexpr std::size_t deed_count = 7;

struct speech {
  deed what = deed::read;
  std::uint8_t table = 0;
  std::optional<config::level> hint = {};

  const proxy::batch_facts& facts() const;
  std::string_view sql() const noexcept;
};

}  // namespace highwater::simulation
