#include "proxy/client/told_parameters.hpp"

#include <algorithm>

namespace highwater::proxy {

std::optional<std::string_view> find_parameter(const parameter_list& in, std::string_view name) noexcept {
  const auto found = std::ranges::find(in, name, &parameter_list::value_type::first);
  return found == in.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

const parameter_list& told_parameters::none() noexcept {
  static const parameter_list nothing;
  return nothing;
}

bool told_parameters::news(std::string_view name, std::string_view value) {
  auto known = since_ ? find_parameter(*since_, name) : std::nullopt;
  const bool changed_before = known.has_value();
  if (!known) known = find_parameter(at_login(), name);
  if (known == value) return false;
  if (!since_) since_ = std::make_unique<parameter_list>();
  if (changed_before) {
    std::ranges::find(*since_, name, &parameter_list::value_type::first)->second = value;
  } else {
    since_->emplace_back(name, value);
  }
  return true;
}

}  // namespace highwater::proxy
