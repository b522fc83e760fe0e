#pragma once

// Reads the attributes of a SCRAM message, `x=value` separated by commas (RFC 5802 section 5.1), in place.

#include <optional>
#include <string>
#include <string_view>

namespace highwater::auth {

class attribute_reader {
public:
  explicit attribute_reader(std::string_view message) noexcept : message_{message} {}

  // The value of the next attribute, which must have this name. Nothing is consumed where it has another.
  std::optional<std::string_view> read(char name) noexcept;
  // Any attribute, as optional extensions are passed over.
  bool skip() noexcept;

  bool next_is(char name) const noexcept;
  bool at_end() const noexcept { return next_ > message_.size(); }
  // The part of the message that the attributes read so far make up, without the comma after them.
  std::string_view consumed() const noexcept { return message_.substr(0, next_ == 0 ? 0 : next_ - 1); }

private:
  std::string_view message_;
  std::size_t next_ = 0;  // past the comma after the last attribute; one past the end when there was none
};

// A message of an acceptable size without NUL, which no attribute may hold.
bool acceptable(std::string_view message) noexcept;

// Printable ASCII without the comma, at least one character.
bool valid_nonce(std::string_view nonce) noexcept;

// A name as the attribute `n` holds it: '=' and ',' become =3D and =2C.
std::string escape_name(std::string_view name);

}  // namespace highwater::auth
