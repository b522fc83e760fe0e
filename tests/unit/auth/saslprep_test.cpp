#include "proxy/auth/saslprep.hpp"

#include <gtest/gtest.h>

namespace highwater::auth {
namespace {

struct row {
  const char* why;
  std::string_view password;
  std::string_view prepared;
};

TEST(saslprep, maps_spaces_and_invisible_characters) {
  constexpr row rows[] = {
      {"no-break space", "a\u00A0b", "a b"},
      {"ideographic space", "a\u3000b", "a b"},
      {"zero width space counts as a space", "a\u200Bb", "a b"},
      {"soft hyphen", "I\u00ADX", "IX"},
      {"zero width joiner", "a\u200Db", "ab"},
      {"byte order mark", "\uFEFFpencil", "pencil"},
      {"heart with variation selector", "\u2764\uFE0F", "\u2764"},
      {"all at once", "I\u00ADX\u200Dz\u3000q", "IXz q"},
  };
  for (const auto& each : rows) EXPECT_EQ(saslprep(each.password), each.prepared) << each.why;
}

TEST(saslprep, leaves_unchanged) {
  constexpr std::string_view rows[] = {
      "",
      "pencil",
      " spaces  stay ",
      "comma , equals = quote \" backslash \\ dollar $ colon :",
      "control \x01\x7f",
      "p\u00E4ssw\u00F6rd\u20AC",
      "\u5BC6\u7801",
      // Nothing left, or something prohibited: the raw bytes count, soft hyphens included.
      "\u00AD",
      "a\u0007\u00ADb",
      "a\u00ADb\u0085",
      "a\u00AD\uE000",
      "a\u00AD\u200E",
      "a\u00AD\U0001F511",
      // Not UTF-8: Latin-1, cut off, lone continuation, overlong, surrogate, beyond Unicode, lead that never occurs.
      "\xC2\xAD\xE4",
      "\xC2\xAD\xE2\x82",
      "\xC2\xAD\x80",
      "\xC2\xAD\xC0\xAF",
      "\xC2\xAD\xE0\x80\xAF",
      "\xC2\xAD\xED\xA0\x80",
      "\xC2\xAD\xF4\x90\x80\x80",
      "\xC2\xAD\xFF",
  };
  for (const auto& password : rows) EXPECT_EQ(saslprep(password), password);
}

TEST(saslprep, takes_an_embedded_nul_for_a_control_character) {
  const std::string_view password{"a\xC2\xAD\0b", 5};
  EXPECT_EQ(saslprep(password), password);
}

}  // namespace
}  // namespace highwater::auth
