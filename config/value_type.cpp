#include "config/value_type.hpp"

#include <algorithm>
#include <regex>
#include <string_view>

namespace highwater::config {
namespace {

constexpr std::string_view mask = "********";

// 0 may be written as a number or as text; anything else carries its unit.
json::object schema_with_units(const char* pattern, bool zero_allowed) {
  json::object with_unit{{"type", "string"}, {"pattern", pattern}};
  if (!zero_allowed) return with_unit;
  return {{"anyOf", {std::move(with_unit), {{"enum", {0, "0"}}}}}};
}

}  // namespace

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; });
}

mistake wrong_value(const tree& from, const std::string& key, const value_type& type) {
  const bool hide = type.secret && from.what == tree::kind::text;
  const std::string masked = from.text == mask ? "a masked secret" : "something else (not shown)";
  return {from.line, from.column, key, hide ? masked : describe(from), type.expected};
}

value_type whole_number_type(std::uint64_t lowest, std::uint64_t highest, std::string unit) {
  value_type type;
  type.name = "whole number";
  type.unit = std::move(unit);
  type.bounds = std::to_string(lowest) + " to " + std::to_string(highest);
  type.expected = "a whole number from " + type.bounds;
  type.schema = {{"type", "integer"}, {"minimum", lowest}, {"maximum", highest}};
  return type;
}

std::optional<std::uint64_t> parse_whole_number(const tree& from, std::uint64_t lowest, std::uint64_t highest) {
  if (from.what != tree::kind::text || from.quoted) return std::nullopt;
  const auto value = parse_digits(from.text);
  return value && *value >= lowest && *value <= highest ? value : std::nullopt;
}

json::value with_unit(const std::string& formatted) {
  if (formatted == "0") return 0;
  return json::string(formatted);
}

value_type duration_type(std::chrono::microseconds lowest, std::chrono::microseconds highest, bool whole_milliseconds) {
  value_type type;
  type.name = "duration";
  type.unit = whole_milliseconds ? "ms, s, min, h" : "us, ms, s, min, h";
  type.bounds = format_duration(lowest) + " to " + format_duration(highest);
  type.expected = std::string("a duration") + (whole_milliseconds ? " of whole milliseconds" : "") + " from " +
                  type.bounds + " with its unit: us, ms, s, min or h";
  type.schema = schema_with_units("^(0|[1-9][0-9]*)(us|ms|s|min|h)$", lowest.count() == 0);
  return type;
}

typed<std::uint64_t> size(std::uint64_t lowest, std::uint64_t highest) {
  value_type type;
  type.name = "size";
  type.unit = "B, kB, MB, GB";
  type.bounds = format_size(lowest) + " to " + format_size(highest);
  type.expected = "a size from " + type.bounds + " with its unit: B, kB, MB or GB";
  type.schema = schema_with_units("^(0|[1-9][0-9]*)(B|kB|MB|GB)$", lowest == 0);
  return value_of<std::uint64_t>(
      std::move(type),
      [lowest, highest](const tree& from) -> std::optional<std::uint64_t> {
        const auto value = from.what == tree::kind::text ? parse_size(from.text) : std::nullopt;
        return value && *value >= lowest && *value <= highest ? value : std::nullopt;
      },
      [](std::uint64_t value) -> json::value { return with_unit(format_size(value)); });
}

typed<bool> boolean() {
  value_type type;
  type.name = "boolean";
  type.bounds = "true, false";
  type.expected = "true or false";
  type.schema = {{"type", "boolean"}};
  return value_of<bool>(
      std::move(type),
      [](const tree& from) -> std::optional<bool> {
        const bool plain = from.what == tree::kind::text && !from.quoted;
        if (plain && (from.text == "true" || from.text == "false")) return from.text == "true";
        return std::nullopt;
      },
      [](bool value) -> json::value { return value; });
}

value_type choice_type(const std::vector<std::string>& names) {
  value_type type;
  type.name = "choice";
  json::array allowed;
  for (const std::string& name : names) {
    type.bounds += (type.bounds.empty() ? "" : ", ") + name;
    allowed.emplace_back(name);
  }
  type.expected = "one of " + type.bounds;
  type.schema = {{"enum", std::move(allowed)}};
  return type;
}

typed<std::string> text(const text_rules& rules) {
  value_type type;
  type.name = rules.name;
  type.secret = rules.secret;
  type.bounds = "up to " + std::to_string(rules.longest) + " bytes";
  type.expected = rules.expected;
  if (rules.pattern.empty()) {
    type.expected += (rules.may_be_empty ? " of up to " : " of 1 to ") + std::to_string(rules.longest) + " bytes";
  }
  type.schema = {{"type", "string"}, {"maxLength", rules.longest}};
  if (!rules.may_be_empty) type.schema["minLength"] = 1;
  if (!rules.pattern.empty()) type.schema["pattern"] = "^(" + rules.pattern + ")$";
  const std::regex pattern(rules.pattern);
  return value_of<std::string>(
      std::move(type),
      [rules, pattern](const tree& from) -> std::optional<std::string> {
        if (from.what != tree::kind::text || from.text.size() > rules.longest) return std::nullopt;
        if (from.text.empty()) return rules.may_be_empty ? std::optional(from.text) : std::nullopt;
        if (has_control_characters(from.text) || (rules.secret && from.text == mask)) return std::nullopt;
        // The regular expression sees only short text: its matcher recurses once per character.
        const bool fits = rules.pattern.empty() || std::regex_match(from.text, pattern);
        return fits ? std::optional(from.text) : std::nullopt;
      },
      [secret = rules.secret, may_be_empty = rules.may_be_empty](const std::string& value) -> json::value {
        if (value.empty() && !may_be_empty) return nullptr;
        return json::string(secret && !value.empty() ? mask : std::string_view(value));
      });
}

}  // namespace highwater::config
