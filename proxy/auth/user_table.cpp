#include "proxy/auth/user_table.hpp"

#include <algorithm>

namespace highwater::auth {
namespace {

bool asks_for_secrets(const config::auth& section) {
  if (section.rules.empty()) return config::asks_for_password(section.method);
  return std::ranges::any_of(section.rules, [](const auto& each) { return config::asks_for_password(each.method); });
}

bool usable(const credential& known) {
  return known.scram || known.kind() == secret_kind::md5;
}

}  // namespace

credential credential_of(std::string rolpassword) {
  credential known{std::move(rolpassword), std::nullopt, {}, false};
  if (auto parsed = parse_secret(known.stored)) known.scram = std::move(*parsed);
  return known;
}

result<user_table> user_table::make(const config::auth& section, const digest& process_key) {
  return as_result([&]() -> result<user_table> { return user_table{section, process_key}; });
}

user_table::user_table(const config::auth& section, const digest& process_key) : process_key_{process_key} {
  const bool asked_for = asks_for_secrets(section);
  users_.reserve(section.users.size());
  for (const auto& user : section.users) add(user, asked_for);
}

void user_table::add(const config::user& user, bool asked_for) {
  credential known = credential_of(user.secret);
  if (user.secret.empty() && !user.password.empty() && asked_for) {
    known.scram = make_secret(user.password, salt_for(user.name, process_key_));
    known.stored = format_secret(*known.scram);
    known.made = true;
  }
  known.password = user.password;
  if (asked_for && !usable(known)) unusable_.push_back(user.name);
  if (usable(known) && usual_kind_ == secret_kind::none) {
    usual_kind_ = known.made ? secret_kind::plain : known.kind();
    if (known.scram) mock_iterations_ = known.scram->iterations;
  }
  users_.insert_or_assign(user.name, std::move(known));
}

const credential* user_table::find(std::string_view name) const noexcept {
  const auto at = users_.find(name);
  return at == users_.end() ? nullptr : &at->second;
}

result<credential> user_table::mock(std::string_view name, secret_kind kind) const {
  const bool in_clear = kind == secret_kind::plain;
  auto stored = mock_stored_secret(kind, name, process_key_, mock_iterations_);
  if (!stored) return stored.error();
  auto mock = credential_of(std::move(*stored));
  mock.made = in_clear;
  if (in_clear) mock.password = base64(mock.scram->stored_key);
  return mock;
}

}  // namespace highwater::auth
