#include "routing/sql/setting_change.hpp"

#include <algorithm>

#include "routing/sql/sql_chars.hpp"

namespace highwater::sql {

void touch(setting_changes& in, std::string_view name, bool to_default) {
  const auto known = std::ranges::find(in, name, &setting_change::name);
  if (known != in.end()) {
    known->to_default = to_default;
  } else {
    in.push_back({std::string(name), to_default});
  }
}

bool is_of_the_transaction(std::string_view setting) noexcept {
  return setting == "transaction_isolation" || setting == "transaction_read_only" ||
         setting == "transaction_deferrable";
}

bool changes_reading(std::string_view setting, std::string_view value) noexcept {
  if (setting == "standard_conforming_strings") return !equals_folded(value, "on");
  constexpr std::string_view harmless[] = {"utf8", "utf-8", "unicode", "latin1", "sql_ascii"};
  return setting == "client_encoding" &&
         std::ranges::none_of(harmless, [&](std::string_view one) { return equals_folded(value, one); });
}

void touch_all(setting_changes& in) noexcept {
  for (auto& each : in) each.to_default |= each.name != "role" && each.name != "session_authorization";
}

}  // namespace highwater::sql
