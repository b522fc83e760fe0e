#include "proxy/auth/scram_message.hpp"

#include <algorithm>

#include "proxy/auth/scram.hpp"

namespace highwater::auth {
namespace {

bool is_letter(char value) {
  return (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z');
}

}  // namespace

bool attribute_reader::next_is(char name) const noexcept {
  return message_.size() >= 2 && next_ <= message_.size() - 2 && message_[next_] == name && message_[next_ + 1] == '=';
}

std::optional<std::string_view> attribute_reader::read(char name) noexcept {
  if (!next_is(name)) return std::nullopt;
  const auto begin = next_ + 2;
  const auto end = std::min(message_.find(',', begin), message_.size());
  next_ = end + 1;
  return message_.substr(begin, end - begin);
}

bool attribute_reader::skip() noexcept {
  return next_ < message_.size() && is_letter(message_[next_]) && read(message_[next_]).has_value();
}

bool acceptable(std::string_view message) noexcept {
  return !message.empty() && message.size() <= max_message_bytes && message.find('\0') == std::string_view::npos;
}

bool valid_nonce(std::string_view nonce) noexcept {
  return !nonce.empty() &&
         std::all_of(nonce.begin(), nonce.end(), [](char each) { return each >= 0x21 && each <= 0x7E && each != ','; });
}

std::string escape_name(std::string_view name) {
  std::string escaped;
  for (const char each : name) {
    if (each == '=')
      escaped += "=3D";
    else if (each == ',')
      escaped += "=2C";
    else
      escaped += each;
  }
  return escaped;
}

}  // namespace highwater::auth
