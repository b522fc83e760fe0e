#include "proxy/auth/channel_binding.hpp"

#include <algorithm>

#include "proxy/auth/crypto.hpp"

namespace highwater::auth {
namespace {

constexpr sasl_mechanism all_mechanisms[] = {sasl_mechanism::scram_sha_256_plus, sasl_mechanism::scram_sha_256};

bool has(std::span<const std::string_view> offered, sasl_mechanism which) {
  return std::ranges::find(offered, name_of(which)) != offered.end();
}

}  // namespace

std::string_view name_of(sasl_mechanism which) noexcept {
  return which == sasl_mechanism::scram_sha_256_plus ? scram_plus_mechanism : scram_mechanism;
}

sasl_mechanism binding::mechanism() const noexcept {
  return flag == 'p' ? sasl_mechanism::scram_sha_256_plus : sasl_mechanism::scram_sha_256;
}

std::string binding::gs2_header() const {
  return std::string{flag}.append(flag == 'p' ? "=" : "").append(flag == 'p' ? binding_type : "").append(",,");
}

std::string binding::attribute() const {
  return base64(as_bytes(gs2_header().append(certificate_hash)));
}

std::span<const sasl_mechanism> offered_mechanisms(const channel& beneath) noexcept {
  return std::span{all_mechanisms}.subspan(beneath.can_bind() ? 0 : 1);
}

result<sasl_mechanism> check_mechanism(std::string_view name, const channel& beneath) {
  for (const auto each : offered_mechanisms(beneath))
    if (name == name_of(each)) return each;
  return error::unknown_mechanism;
}

result<void> check_flag(char flag, sasl_mechanism chosen, const channel& beneath) {
  const bool plus = chosen == sasl_mechanism::scram_sha_256_plus && beneath.can_bind();
  if (flag == 'p') return plus ? result<void>{} : error::channel_binding_requested;
  if (flag != 'n' && flag != 'y') return error::malformed_message;
  if (plus) return error::channel_binding_missing;
  // The client could bind, but saw no -PLUS on offer: somebody has taken it out on the way.
  if (flag == 'y' && beneath.can_bind()) return error::channel_binding_downgrade;
  return {};
}

result<binding> choose_mechanism(std::span<const std::string_view> offered, const channel& beneath,
                                 channel_binding wish) {
  const bool required = wish == channel_binding::require;
  const bool plus = has(offered, sasl_mechanism::scram_sha_256_plus);
  const bool binds = beneath.can_bind() && wish != channel_binding::disable;
  if (required && !beneath.tls) return error::channel_binding_needs_tls;
  // No server offers that in the clear: somebody in between has TLS with it, and none with us.
  if (plus && !beneath.tls) return error::channel_binding_without_tls;
  if (plus && binds) return binding{'p', beneath.certificate_hash};
  if (plus && required) return error::channel_binding_impossible;
  if (!has(offered, sasl_mechanism::scram_sha_256)) return error::no_common_mechanism;
  if (required) return error::channel_binding_not_offered;
  return binding{binds ? 'y' : 'n', {}};
}

}  // namespace highwater::auth
