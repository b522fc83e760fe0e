#include "proxy/auth/user_table.hpp"

namespace highwater::auth {
namespace {

std::optional<scram_secret> secret_of(const config::user& user, const digest& process_key) {
  if (!user.secret.empty()) {
    auto parsed = parse_secret(user.secret);
    return parsed ? std::optional{std::move(*parsed)} : std::nullopt;
  }
  if (user.password.empty()) return std::nullopt;
  return make_secret(user.password, salt_for(user.name, process_key));
}

}  // namespace

result<user_table> user_table::make(const config::auth& section, const digest& process_key) {
  return as_result([&]() -> result<user_table> { return user_table{section, process_key}; });
}

user_table::user_table(const config::auth& section, const digest& process_key)
    : trusts_everybody_{section.rules.empty() && section.method == config::auth_method::trust},
      process_key_{process_key} {
  users_.reserve(section.users.size());
  for (const auto& user : section.users) add(user);
}

void user_table::add(const config::user& user) {
  known_user known{std::nullopt, user.password};
  if (!trusts_everybody()) {
    known.secret = secret_of(user, process_key_);
    if (!known.secret)
      unusable_.push_back(user.name);
    else if (!mock_iterations_)
      mock_iterations_ = known.secret->iterations;
  }
  users_.insert_or_assign(user.name, std::move(known));
}

const known_user* user_table::find(std::string_view name) const noexcept {
  const auto at = users_.find(name);
  return at == users_.end() ? nullptr : &at->second;
}

result<scram_secret> user_table::secret_for(std::string_view name) const {
  const auto* known = find(name);
  if (known && known->secret) return *known->secret;
  return as_result([&]() -> result<scram_secret> {
    return mock_secret(name, process_key_, mock_iterations_.value_or(default_iterations));
  });
}

}  // namespace highwater::auth
