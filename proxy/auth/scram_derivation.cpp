#include "proxy/auth/scram_derivation.hpp"

#include <utility>

#include "proxy/auth/saslprep.hpp"

namespace highwater::auth {
namespace {

secret_text prepare(std::string_view password) {
  auto prepared = saslprep(password);
  const wipe_on_exit wipe{prepared};
  return secret_text{prepared};
}

}  // namespace

scram_derivation::scram_derivation(std::string_view password, std::string salt, int iterations)
    : prepared_{prepare(password)}, salt_{std::move(salt)}, iterations_{iterations} {}

result<secret_digest> scram_derivation::salted() const {
  return as_result(
      [this]() -> result<secret_digest> { return secret_digest{pbkdf2_sha256(prepared_.view(), salt_, iterations_)}; });
}

}  // namespace highwater::auth
