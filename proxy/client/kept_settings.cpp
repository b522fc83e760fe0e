#include "proxy/client/kept_settings.hpp"

#include <algorithm>
#include <cctype>

namespace highwater::proxy {

std::optional<session_settings> settings_to_keep(const parameter_list& believed, const parameter_list& reported,
                                                 const session_settings& have) {
  session_settings missing;
  for (const auto& [name, value] : believed) {
    if (!is_sessions_own(name) || find_parameter(reported, name).value_or(value) == value) continue;
    auto key = name;
    std::ranges::transform(key, key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    // Of one that the client has set itself, the server has the last word.
    if (!find(have, key)) put(missing, key, value);
  }
  return missing.empty() ? std::nullopt : std::optional(std::move(missing));
}

}  // namespace highwater::proxy
