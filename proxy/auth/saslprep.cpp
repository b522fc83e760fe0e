#include "proxy/auth/saslprep.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace highwater::auth {
namespace {

struct range {
  char32_t first;
  char32_t last;
};

// RFC 3454, table C.1.2. U+200B stands in B.1 as well; PostgreSQL, too, asks this table first.
constexpr range other_spaces[] = {{0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200B},
                                  {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};

// RFC 3454, table B.1.
constexpr range mapped_to_nothing[] = {{0xAD, 0xAD},     {0x34F, 0x34F},   {0x1806, 0x1806}, {0x180B, 0x180D},
                                       {0x200B, 0x200D}, {0x2060, 0x2060}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}};

// RFC 3454, tables C.2.1 to C.8. Beyond the basic plane nearly everything (emoji, above all) is unassigned in the
// Unicode 3.2 that SASLprep knows, hence prohibited; the few old scripts there are treated alike.
constexpr range prohibited[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0x6DD, 0x6DD},     {0x70F, 0x70F},
                                {0x180E, 0x180E}, {0x200E, 0x200F}, {0x2028, 0x202E},   {0x2061, 0x2063},
                                {0x206A, 0x206F}, {0x2FF0, 0x2FFB}, {0xD800, 0xF8FF},   {0xFDD0, 0xFDEF},
                                {0xFFF9, 0xFFFD}, {0xFFFE, 0xFFFF}, {0x10000, 0x10FFFF}};

template <std::size_t Size>
bool in(const range (&table)[Size], char32_t code) {
  return std::any_of(std::begin(table), std::end(table),
                     [code](range each) { return each.first <= code && code <= each.last; });
}

// How many bytes the character that starts with `lead` has, 0 if none starts so. Overlong leads C0 and C1 are out.
std::size_t encoded_size(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The character at the start of `text`, if it is well formed.
std::optional<char32_t> decode(std::string_view text, std::size_t size) {
  if (size == 0 || size > text.size()) return std::nullopt;
  if (size == 1) return static_cast<unsigned char>(text[0]);
  auto code = static_cast<char32_t>(static_cast<unsigned char>(text[0]) & (0xFFu >> (size + 1)));
  for (const auto byte : text.substr(1, size - 1)) {
    const auto value = static_cast<unsigned char>(byte);
    if ((value & 0xC0u) != 0x80u) return std::nullopt;
    code = (code << 6) | (value & 0x3Fu);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[size] || code > 0x10FFFF) return std::nullopt;
  return code;
}

// Appends the prepared password, or stops halfway with false where RFC 4013 has the whole refused.
bool append_prepared(std::string_view password, std::string& prepared) {
  for (std::size_t size = 0; !password.empty(); password.remove_prefix(size)) {
    size = encoded_size(static_cast<std::uint8_t>(password.front()));
    const auto code = decode(password, size);
    if (!code) return false;
    if (in(other_spaces, *code)) {
      prepared += ' ';
    } else if (!in(mapped_to_nothing, *code)) {
      if (in(prohibited, *code)) return false;
      prepared += password.substr(0, size);
    }
  }
  return !prepared.empty();
}

}  // namespace

std::string saslprep(std::string_view password) {
  std::string prepared;
  prepared.reserve(password.size());  // it never grows, so that no copy escapes the caller's wiping
  if (!append_prepared(password, prepared)) prepared.assign(password);
  return prepared;
}

}  // namespace highwater::auth
