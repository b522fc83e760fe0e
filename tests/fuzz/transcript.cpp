#include "tests/fuzz/transcript.hpp"

#include <algorithm>
#include <cctype>

namespace highwater::fuzz {
namespace {

namespace raw = testing_support::raw;

std::string readable(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte < 0x7F && c != '\\') {
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else {
      text.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
  }
  return text;
}

std::string_view zero_ended(std::string_view& rest) {
  const auto end = std::min(rest.find('\0'), rest.size());
  const auto text = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return text;
}

// Fields are kept in PostgreSQL's order.
std::string fields(std::string_view rest) {
  std::string text;
  while (!rest.empty() && rest.front() != '\0') {
    const char which = rest.front();
    rest.remove_prefix(1);
    const auto value = zero_ended(rest);
    if (which != 'F' && which != 'L') text.append(" ").append(1, which).append("=").append(readable(value));
  }
  return text;
}

std::string row_description(std::string_view payload) {
  constexpr std::size_t behind_name = 18;
  std::string text;
  auto rest = payload.substr(2);
  while (!rest.empty()) {
    text.append(" ").append(readable(zero_ended(rest)));
    if (rest.size() < behind_name) return "malformed: " + readable(payload);
    text += raw::int32_at(rest, 0) == 0 ? "(no table" : "(of a table";
    text += " column " + std::to_string(raw::int16_at(rest, 4));
    text += " type " + std::to_string(raw::int32_at(rest, 6));
    text += "/" + std::to_string(raw::int16_at(rest, 10)) + "/" + std::to_string(raw::int32_at(rest, 12));
    text += " format " + std::to_string(raw::int16_at(rest, 16)) + ")";
    rest.remove_prefix(behind_name);
  }
  return text;
}

std::string cells(const raw::message& what) {
  std::string text;
  for (const auto& value : raw::row(what)) text += (text.empty() ? "" : " | ") + (value ? readable(*value) : "NULL");
  return text;
}

std::string body(const raw::message& what) {
  switch (what.type) {
    case 'T':
      return row_description(what.payload);
    case 'D':
      return " " + cells(what);
    case 'E':
    case 'N':
      return fields(what.payload);
    case 'A':
      return " " + readable(std::string_view(what.payload).substr(4));
    case 'K':
      return "";
    default:
      return what.payload.empty() ? "" : " " + readable(what.payload);
  }
}

// Whether a tag of somebody else is in it.
bool speaks_of_another(const std::string& line, std::size_t client) {
  for (auto at = line.find("@r"); at != std::string::npos; at = line.find("@r", at + 1)) {
    auto digit = at + 2;
    while (digit < line.size() && std::isdigit(static_cast<unsigned char>(line[digit])) != 0) ++digit;
    if (line.compare(digit, 1, "c") != 0) continue;
    if (line.compare(digit + 1, std::to_string(client).size() + 1, std::to_string(client) + "s") != 0) return true;
  }
  return false;
}

// A message's text without what is quoted in it, and without numbers.
std::string outline(std::string_view text) {
  std::string kept;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && std::isdigit(static_cast<unsigned char>(c)) == 0) {
      kept += c;
    }
  }
  return kept;
}

// "E S=ERROR C=26000 M=..." -> "E C=26000 ...", "C SELECT 1" -> "C SELECT 1", "D ..." -> "D".
std::string shape(const std::string& line) {
  if (line.empty()) return "nothing";
  if (line[0] == 'E' || line[0] == 'N') {
    const auto code = line.find(" C=");
    const auto message = line.find(" M=");
    if (code == std::string::npos || message == std::string::npos) return line.substr(0, 1);
    const auto end = line.find('=', message + 3);
    return line.substr(0, 1) + line.substr(code, 8) + " " + outline(line.substr(message, end - message));
  }
  if (line[0] == 'C' || line[0] == 'Z') return line;
  return line.substr(0, 1);
}

}  // namespace

std::string line_of(const raw::message& what) {
  return std::string(1, what.type) + body(what);
}

std::string difference::signature() const {
  constexpr std::string_view kinds[] = {"differs", "CROSSTALK", "STUCK"};
  return std::string(kinds[static_cast<std::size_t>(kind)]) + ": expected " + shape(expected) + ", got " +
         shape(actual);
}

void sort_copied_rows(std::vector<std::string>& lines) {
  const auto is_row = [](const std::string& line) { return line.starts_with("d "); };
  for (auto first = std::ranges::find_if(lines, is_row); first != lines.end();) {
    const auto last = std::find_if_not(first, lines.end(), is_row);
    std::sort(first, last);
    first = std::find_if(last, lines.end(), is_row);
  }
}

std::string tag(std::size_t round, std::size_t client, std::size_t step) {
  return "@r" + std::to_string(round) + "c" + std::to_string(client) + "s" + std::to_string(step);
}

std::optional<difference> compare(const account& expected, const account& actual, std::size_t client) {
  const auto count = std::max(expected.exchanges.size(), actual.exchanges.size());
  const exchange none;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& wanted = i < expected.exchanges.size() ? expected.exchanges[i] : none;
    const auto& got = i < actual.exchanges.size() ? actual.exchanges[i] : none;
    const bool last = i + 1 == count;
    const auto lines = std::max(wanted.lines.size(), got.lines.size());
    for (std::size_t line = 0; line < lines; ++line) {
      const std::string a = line < wanted.lines.size() ? wanted.lines[line] : "";
      const std::string b = line < got.lines.size() ? got.lines[line] : "";
      if (a == b) continue;
      const auto what = speaks_of_another(b, client)        ? kind::crosstalk
                        : actual.stuck && last && b.empty() ? kind::stuck
                                                            : kind::differs;
      const auto step = i < expected.exchanges.size() ? wanted.first_step : got.first_step;
      return difference{what, step, i, a, b};
    }
  }
  if (actual.stuck) return difference{kind::stuck, count == 0 ? 0 : actual.exchanges.back().first_step, 0, "", ""};
  return std::nullopt;
}

account without_status(account told) {
  for (auto& one : told.exchanges) {
    const bool login = !one.lines.empty() && one.lines.front() == "K";
    if (!login) std::erase_if(one.lines, [](const auto& line) { return line.starts_with('S'); });
  }
  std::erase_if(told.exchanges, [](const auto& one) { return one.lines.empty(); });
  return told;
}

account without_names(account told) {
  constexpr std::string_view before = "prepared statement \"";
  for (auto& one : told.exchanges) {
    for (auto& line : one.lines) {
      const auto at = line.find(before);
      if (!line.starts_with('E') || at == std::string::npos) continue;
      const auto name = at + before.size();
      line.erase(name, line.find('"', name) - name);
    }
  }
  return told;
}

// What surrounds the first difference.
std::string side_by_side(const exchange& expected, const exchange& actual) {
  constexpr std::size_t width = 90, before = 6, behind = 8;
  std::string text;
  const auto differs =
      std::mismatch(expected.lines.begin(), expected.lines.end(), actual.lines.begin(), actual.lines.end());
  const auto first = static_cast<std::size_t>(differs.first - expected.lines.begin());
  const auto begin = first - std::min(first, before);
  const auto count = std::max(expected.lines.size(), actual.lines.size());
  if (begin > 0) text += "    ... (" + std::to_string(begin) + " lines that are the same)\n";
  for (std::size_t i = begin; i < std::min(count, first + behind); ++i) {
    std::string a = i < expected.lines.size() ? expected.lines[i] : "";
    const std::string b = i < actual.lines.size() ? actual.lines[i] : "";
    const bool same = a == b;
    if (a.size() < width) {
      a.resize(width, ' ');
    } else if (a.size() > width) {
      a += "\n" + std::string(width + 2, ' ');
    }
    text += (same ? "    " : "  ! ") + a + " | " + (same ? "=" : b) + "\n";
  }
  if (first + behind < count) text += "    ... (" + std::to_string(count - first - behind) + " lines more)\n";
  return text;
}

}  // namespace highwater::fuzz
