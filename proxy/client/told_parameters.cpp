#include "proxy/client/told_parameters.hpp"

#include <utility>

#include "proxy/server/settings.hpp"

namespace highwater::proxy {

namespace {

constexpr std::string_view read_by[] = {"client_encoding", "standard_conforming_strings"};

}  // namespace

const parameter_list& told_parameters::none() noexcept {
  static const parameter_list nothing;
  return nothing;
}

void told_parameters::start(std::shared_ptr<const parameter_list> at_login) {
  at_login_ = std::move(at_login);
  since_ = nullptr;
  changed(read_by[0]);
}

std::optional<std::string_view> told_parameters::believed(std::string_view name) const noexcept {
  const auto since = since_ ? find_parameter(*since_, name) : std::nullopt;
  return since ? since : find_parameter(at_login(), name);
}

bool told_parameters::news(std::string_view name, std::string_view value) {
  if (believed(name) == value) return false;
  if (!since_) since_ = std::make_unique<parameter_list>();
  put_parameter(*since_, name, value);
  changed(name);
  return true;
}

void told_parameters::changed(std::string_view name) {
  digest_ = 0;
  if (name != read_by[0] && name != read_by[1]) return;
  session_settings reading;
  for (const auto each : read_by) {
    if (const auto value = believed(each)) put(reading, each, *value);
  }
  plain_ = text_is_plain(reading);
}

parameter_list told_parameters::all() const {
  auto believed = at_login();
  if (since_) {
    for (const auto& [name, value] : *since_) put_parameter(believed, name, value);
  }
  return believed;
}

std::uint64_t told_parameters::digest() const {
  if (digest_ == 0) digest_ = since_ ? digest_of(all()) : digest_of(at_login());
  return digest_;
}

}  // namespace highwater::proxy
