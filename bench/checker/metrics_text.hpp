#pragma once

// Sums over Prometheus' text exposition, as much of it as the check of a proxy's own counters needs.

#include <initializer_list>
#include <string_view>
#include <utility>

namespace highwater::bench {

using label = std::pair<std::string_view, std::string_view>;

// The sum of all samples of `name` that carry every label of `with`; 0 if there is none.
double sum_of(std::string_view exposition, std::string_view name, std::initializer_list<label> with = {});

}  // namespace highwater::bench
