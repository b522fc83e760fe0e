#include "routing/setting_change.hpp"

#include <algorithm>

namespace highwater::routing {

void touch(setting_changes& in, std::string_view name, bool to_default) {
  const auto known = std::ranges::find(in, name, &setting_change::name);
  if (known != in.end()) {
    known->to_default = to_default;
  } else {
    in.push_back({std::string(name), to_default});
  }
}

void touch_all(setting_changes& in) noexcept {
  for (auto& each : in) each.to_default = true;
}

}  // namespace highwater::routing
