#include "config/regex_bytes.hpp"

#include <algorithm>

namespace highwater::config {
namespace {

using byte_set = std::bitset<256>;

constexpr bool between(unsigned char low, unsigned char byte, unsigned char high) {
  return low <= byte && byte <= high;
}
constexpr bool is_digit(unsigned char byte) {
  return between('0', byte, '9');
}
constexpr bool is_lower(unsigned char byte) {
  return between('a', byte, 'z');
}
constexpr bool is_upper(unsigned char byte) {
  return between('A', byte, 'Z');
}
constexpr bool is_alpha(unsigned char byte) {
  return is_lower(byte) || is_upper(byte);
}
constexpr bool is_alnum(unsigned char byte) {
  return is_alpha(byte) || is_digit(byte);
}
constexpr bool is_graph(unsigned char byte) {
  return between('!', byte, '~');
}

// As in the C locale, which is PostgreSQL's before a database is known.
struct byte_class {
  std::string_view name;
  bool (*holds)(unsigned char);
};
constexpr byte_class classes[] = {
    {"alnum", is_alnum},
    {"alpha", is_alpha},
    {"blank", [](unsigned char byte) { return byte == ' ' || byte == '\t'; }},
    {"cntrl", [](unsigned char byte) { return byte < ' ' || byte == 0x7f; }},
    {"digit", is_digit},
    {"graph", is_graph},
    {"lower", is_lower},
    {"print", [](unsigned char byte) { return byte == ' ' || is_graph(byte); }},
    {"punct", [](unsigned char byte) { return is_graph(byte) && !is_alnum(byte); }},
    {"space", [](unsigned char byte) { return byte == ' ' || between('\t', byte, '\r'); }},
    {"upper", is_upper},
    {"word", [](unsigned char byte) { return is_alnum(byte) || byte == '_'; }},
    {"xdigit", [](unsigned char byte) { return is_digit(byte) || between('a', byte | 0x20, 'f'); }},
};

byte_set of_class(std::string_view name) {
  const auto* known =
      std::find_if(std::begin(classes), std::end(classes), [&](const byte_class& each) { return each.name == name; });
  if (known == std::end(classes)) throw bad_regex{"with a known class, such as [:alpha:] or [:digit:]"};
  byte_set result;
  for (unsigned byte = 0; byte < result.size(); ++byte) result[byte] = known->holds(static_cast<unsigned char>(byte));
  return result;
}

byte_set only(char byte) {
  byte_set result;
  result.set(static_cast<unsigned char>(byte));
  return result;
}

char take(std::string_view& rest) {
  const char first = rest.front();
  rest.remove_prefix(1);
  return first;
}

// What follows a backslash.
byte_set take_escape(std::string_view& rest) {
  if (rest.empty()) throw bad_regex{"that does not end in a backslash"};
  const char what = take(rest);
  const char small = static_cast<char>(what | 0x20);
  if (!is_alnum(static_cast<unsigned char>(what))) return only(what);
  const std::string_view name = small == 'd' ? "digit" : small == 's' ? "space" : small == 'w' ? "word" : "";
  if (name.empty())
    throw bad_regex{"whose escapes are \\d, \\s, \\w and their opposites, or a sign: no back references"};
  return what == small ? of_class(name) : ~of_class(name);
}

// One member of a bracket: a class, an escape or a byte.
byte_set take_member(std::string_view& rest) {
  if (rest.empty()) throw bad_regex{"with a ] for each ["};
  if (rest.starts_with("[:")) {
    const auto end = rest.find(":]");
    const auto name = rest.substr(2, end == std::string_view::npos ? end : end - 2);
    const byte_set result = of_class(name);
    rest.remove_prefix(std::min(name.size() + 4, rest.size()));
    return result;
  }
  if (rest.starts_with("[.") || rest.starts_with("[=")) throw bad_regex{"without collating elements, [. and [="};
  const char byte = take(rest);
  if (byte == '\\') return take_escape(rest);
  if (static_cast<unsigned char>(byte) > 0x7f) throw bad_regex{"with nothing but ASCII in brackets"};
  return only(byte);
}

unsigned lowest_of(const byte_set& single) {
  return static_cast<unsigned>(single._Find_first());
}

byte_set range(const byte_set& from, const byte_set& to) {
  if (from.count() != 1 || to.count() != 1 || lowest_of(from) > lowest_of(to)) {
    throw bad_regex{"with ranges from a lower to a higher character"};
  }
  byte_set result;
  for (unsigned byte = lowest_of(from); byte <= lowest_of(to); ++byte) result.set(byte);
  return result;
}

// What follows a [. A ] that comes first stands for itself, and so does a - that comes first or last.
byte_set take_bracket(std::string_view& rest) {
  byte_set result;
  const bool opposite = rest.starts_with('^');
  if (opposite) take(rest);
  for (bool first = true; first || !rest.starts_with(']'); first = false) {
    byte_set member = take_member(rest);
    if (rest.size() > 1 && rest[0] == '-' && rest[1] != ']') {
      take(rest);
      member = range(member, take_member(rest));
    }
    result |= member;
  }
  take(rest);
  return opposite ? ~result : result;
}

}  // namespace

byte_set take_bytes(std::string_view& rest) {
  const char first = take(rest);
  if (first == '.') return ~byte_set{};
  if (first == '[') return take_bracket(rest);
  if (first == '\\') return take_escape(rest);
  return only(first);
}

}  // namespace highwater::config
