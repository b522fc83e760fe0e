#pragma once

// Secrets that outlive one function. Each copy wipes itself at its end, and nothing else has to think of it.

#include <string_view>
#include <vector>

#include "proxy/auth/crypto.hpp"

namespace highwater::auth {

// A key of SCRAM; used as the digest that it is.
class secret_digest : public digest {
public:
  secret_digest() noexcept : digest{} {}
  explicit secret_digest(const digest& value) noexcept : digest{value} {}
  // What a hash function has just returned: wiped at once, as it is on the stack.
  secret_digest(digest&& value) noexcept : digest{value} { OPENSSL_cleanse(value.data(), value.size()); }
  secret_digest(const secret_digest&) = default;
  secret_digest& operator=(const secret_digest&) = default;
  ~secret_digest() { OPENSSL_cleanse(data(), size()); }
};

// A password. Not a string: one that is moved away from may keep its characters.
class secret_text {
public:
  explicit secret_text(std::string_view text) : held_{text.begin(), text.end()} {}
  secret_text(const secret_text&) = default;
  secret_text(secret_text&&) noexcept = default;
  secret_text& operator=(const secret_text&) = delete;
  ~secret_text() { OPENSSL_cleanse(held_.data(), held_.size()); }

  std::string_view view() const noexcept { return {held_.data(), held_.size()}; }

private:
  std::vector<char> held_;
};

}  // namespace highwater::auth
