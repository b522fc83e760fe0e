#include "proxy/io/log_text.hpp"

#include <spdlog/pattern_formatter.h>

#include <cstdint>

namespace highwater::proxy {

namespace {

// How many bytes the character at the beginning takes; 0 if it is none that may be shown.
std::size_t shown_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  std::uint32_t code = first & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
    code = code << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t shortest[] = {0x80, 0x800, 0x10000};
  if (code < shortest[size - 2] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return 0;
  const bool controls = code < 0xA0;                             // C1
  const bool breaks_lines = code == 0x2028 || code == 0x2029;    // to some
  const bool turns_text = (code >= 0x200E && code <= 0x200F) ||  // right to left, and back
                          (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  return controls || breaks_lines || turns_text ? 0 : size;
}

void add_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      const auto byte = static_cast<unsigned char>(c);
      out.append("\\x").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
    }
  }
}

std::string shown(std::string_view text, std::string_view also_escaped) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto size = shown_character(text);
    if (size == 0) {
      add_escaped(out, text.front());
    } else {
      if (also_escaped.find(text.front()) != std::string_view::npos) out.push_back('\\');
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

class printable_message final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& to) override {
    const auto text = printable({message.payload.data(), message.payload.size()});
    to.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<printable_message>(); }
};

}  // namespace

std::string printable(std::string_view text) {
  return shown(text, "");
}

std::string quoted(std::string_view name) {
  return '"' + shown(name, "\"\\") + '"';
}

std::unique_ptr<spdlog::formatter> line_formatter(const std::string& pattern) {
  auto made = std::make_unique<spdlog::pattern_formatter>();
  made->add_flag<printable_message>('*').set_pattern(pattern);
  return made;
}

}  // namespace highwater::proxy
