#include "proxy/client/login_reset.hpp"

#include <algorithm>

namespace highwater::proxy {

bool resets_some(const sql::statement& what) noexcept {
  return what.resets_all_settings || std::ranges::any_of(what.settings, &sql::setting_change::to_default);
}

session_settings behind_reset(const sql::statement& what, const session_settings& login, bool as_another) {
  session_settings again;
  // Among others, one behind it may have undone it, or have set what it has reset.
  if (what.statement_count != 1 || what.discards_all) return again;
  for (const auto& [name, value] : login) {
    const bool by_all = what.resets_all_settings && !is_identity(name) && !as_another;
    const auto is_it = [&](const auto& one) { return one.to_default && one.name == name; };
    if (by_all || std::ranges::any_of(what.settings, is_it)) put(again, name, value);
  }
  return again;
}

}  // namespace highwater::proxy
