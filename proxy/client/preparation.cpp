#include "proxy/client/preparation.hpp"

#include <algorithm>
#include <utility>

namespace highwater::proxy {

void preparation::add(item one) {
  const auto same = [&](const item& known) { return known.what == one.what && known.unnamed == one.unnamed; };
  if (std::ranges::none_of(items_, same)) items_.push_back(std::move(one));
}

bool preparation::differ(const description_ptr& there, const description_ptr& told) noexcept {
  return there != told && there && told && !wire::same_columns(there->columns, told->columns);
}

std::vector<statement_to_prepare> preparation::to_send() const {
  std::vector<statement_to_prepare> all;
  for (const auto& one : items_) {
    if (!one.is_due()) continue;
    const std::string_view types = one.told ? std::string_view(one.told->parameter_types) : one.what->parameter_types;
    // What runs another one is as outdated as that is, and the server would describe that.
    all.push_back({one.what->id, one.unnamed, one.text, types, !one.what->names_others});
  }
  return all;
}

}  // namespace highwater::proxy
