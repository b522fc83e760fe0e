#pragma once

// The smallest round that still fails: steps, clients and messages are left out one after the other for as long as the
// rest does.

#include <functional>
#include <vector>

#include "tests/fuzz/program.hpp"

namespace highwater::fuzz {

using round = std::vector<program>;

// `fails` is asked until nothing can be left out any more, or `enough` says so. The clients keep their places: one that
// is left out has no steps.
round minimise(round from, const std::function<bool(const round&)>& fails, const std::function<bool()>& enough);

}  // namespace highwater::fuzz
