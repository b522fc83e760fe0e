#include "tests/fuzz/feature.hpp"

#include <algorithm>

namespace highwater::fuzz {
namespace {

constexpr std::array<std::string_view, feature_count> names{
    "unnamed",  "named",       "pipeline", "portal",      "flush",     "unsynced",   "eager",   "copy",    "late_copy",
    "settings", "inner_reset", "role",     "transaction", "read_only", "deallocate", "prepare", "discard", "ddl",
    "listen",   "temporary",   "lock",     "hold",        "seed",      "sequence",   "vanish",  "status",  "names"};

}  // namespace

std::string_view to_string(feature which) {
  return names[static_cast<std::size_t>(which)];
}

std::string features::text() const {
  std::string text;
  for (std::size_t i = 0; i < feature_count; ++i) {
    if (on_[i]) text.append(text.empty() ? "" : ",").append(names[i]);
  }
  return text;
}

std::optional<features> features_of(std::string_view list) {
  features found;
  while (!list.empty()) {
    const auto name = list.substr(0, list.find(','));
    const auto* const at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) return std::nullopt;
    found.set(static_cast<feature>(at - names.begin()));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
  }
  return found;
}

}  // namespace highwater::fuzz
