#include "config/rule_types.hpp"

#include <algorithm>

namespace highwater::config {
namespace {

using kind = name_pattern::kind;

constexpr std::size_t longest_name = 63;       // PostgreSQL's NAMEDATALEN, without the zero at its end
constexpr std::size_t longest_external = 255;  // a certificate's name is longer than a user's

// What stands in one place of a rule: what its names may be, and what has another meaning in PostgreSQL.
struct name_place {
  std::string expected;
  std::size_t longest;
  std::vector<std::pair<std::string_view, kind>> words;
  std::vector<std::string_view> unknown_words;
  bool refers = true;  // a leading + and @ mean something in PostgreSQL
};

bool is_text(const tree& from, std::size_t longest) {
  return from.what == tree::kind::text && !from.text.empty() && from.text.size() <= longest &&
         !has_control_characters(from.text);
}

// What a text means that Highwater cannot tell; empty for a name.
std::string beyond(const name_place& place, const std::string& text) {
  const auto& unknown = place.unknown_words;
  if (std::find(unknown.begin(), unknown.end(), text) != unknown.end() || (place.refers && text.front() == '+')) {
    return place.expected + ": only PostgreSQL knows who is a member of a role";
  }
  if (place.refers && text.front() == '@') return place.expected + ": no other file is read";
  return {};
}

// The pattern, or what is wrong with it, in words that follow "expected".
std::string parse(const name_place& place, const tree& from, name_pattern& into) {
  const std::string sized = place.expected + " of 1 to " + std::to_string(place.longest) + " bytes";
  if (!is_text(from, regex::longest + 1)) return sized;
  into = {kind::name, from.text, std::nullopt};
  if (from.text.front() == '/') {
    auto compiled = regex::compile(std::string_view(from.text).substr(1));
    into.what = kind::expression;
    into.expression = std::move(compiled.expression);
    return into.expression ? "" : "a regular expression " + compiled.mistake;
  }
  for (const auto& [word, meaning] : place.words) {
    if (from.text == word) into.what = meaning;
  }
  if (from.text.size() > place.longest) return sized;
  return beyond(place, from.text);
}

typed<name_pattern> name_type(name_place place) {
  typed<name_pattern> result;
  result.name = "name";
  result.expected = place.expected;
  result.schema = {{"type", "string"}, {"minLength", 1}, {"maxLength", regex::longest + 1}};
  result.read = [place = std::move(place)](const tree& from, void* into, const std::string& key, auto& mistakes) {
    const std::string expected = parse(place, from, *static_cast<name_pattern*>(into));
    if (!expected.empty()) mistakes.push_back({from.line, from.column, key, describe(from), expected});
  };
  result.write = [](const void* member) -> json::value {
    return json::string(static_cast<const name_pattern*>(member)->text);
  };
  return result;
}

typed<std::vector<name_pattern>> names_type(name_place place, const std::string& words) {
  auto result = list_of(name_type(std::move(place)), "names", "at least one (all stands for every name)");
  result.bounds = "names, " + words + ", `/regex`";
  return result;
}

// Why that is no address, as far as it can be seen from its beginning.
std::string expected_address(const tree& from) {
  const std::string expected = "all, or an address such as 10.0.0.1, 10.0.0.0/8 (at most /32) or 2001:db8::/32 (/128)";
  if (from.what != tree::kind::text) return expected;
  const std::string& text = from.text;
  const auto is_letter = [](char byte) { return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'; };
  if (text == "samehost" || text == "samenet") return expected + ": what this machine's own are is not looked up";
  if (text.find(':') == std::string::npos && std::any_of(text.begin(), text.end(), is_letter)) {
    return expected + ": names of hosts are not looked up";
  }
  if (const auto ip = parse_ip(text.substr(0, text.find('/'))); ip && !ip->is_v6() && text.find(':') != text.npos) {
    return "an IPv4 address as such (" + to_string(*ip) + "): it holds for IPv4-mapped ones too";
  }
  return expected;
}

}  // namespace

typed<connection_type> rule_type() {
  return choice_of_all<connection_type>();
}
typed<auth_method> rule_method() {
  return choice_of_all<auth_method>();
}
typed<client_certificate> certificate_check() {
  return choice_of_all<client_certificate>();
}

typed<std::vector<name_pattern>> rule_databases() {
  return names_type({.expected = "a database, all, sameuser, replication or /regex",
                     .longest = longest_name,
                     .words = {{"all", kind::all}, {"sameuser", kind::same_user}, {"replication", kind::replication}},
                     .unknown_words = {"samerole", "samegroup"}},
                    "`all`, `sameuser`, `replication`");
}

// samerole is no word for users in PostgreSQL either: who writes it means what + means.
typed<std::vector<name_pattern>> rule_users() {
  return names_type({.expected = "a user, all or /regex",
                     .longest = longest_name,
                     .words = {{"all", kind::all}},
                     .unknown_words = {"samerole", "samegroup"}},
                    "`all`");
}

typed<name_pattern> external_name() {
  auto result = name_type(
      {.expected = "a name or /regex", .longest = longest_external, .words = {}, .unknown_words = {}, .refers = false});
  result.bounds = "a name or `/regex`";
  return result;
}

// From PostgreSQL 16 on, the words refused here stand for many users.
typed<std::string> mapped_user() {
  value_type type;
  type.name = "name";
  type.expected = "one user, who may contain \\1; all, + and / are not known here";
  type.bounds = "up to " + std::to_string(longest_name) + " bytes";
  type.schema = {{"type", "string"}, {"minLength", 1}, {"maxLength", longest_name}};
  return value_of<std::string>(
      std::move(type),
      [](const tree& from) -> std::optional<std::string> {
        if (!is_text(from, longest_name) || from.text == "all") return std::nullopt;
        const bool refers = from.text.front() == '+' || from.text.front() == '/';
        return refers ? std::nullopt : std::optional(from.text);
      },
      [](const std::string& value) -> json::value { return json::string(value); });
}

typed<network> rule_address() {
  typed<network> result;
  result.name = "network";
  result.bounds = "`all`, IPv4 or IPv6, with or without a prefix";
  result.schema = {{"type", "string"}};
  result.read = [](const tree& from, void* into, const std::string& key, auto& mistakes) {
    const auto value = from.what == tree::kind::text ? parse_network(from.text) : std::nullopt;
    if (value) {
      *static_cast<network*>(into) = *value;
    } else {
      mistakes.push_back({from.line, from.column, key, describe(from), expected_address(from)});
    }
  };
  result.write = [](const void* member) -> json::value {
    return json::string(to_string(*static_cast<const network*>(member)));
  };
  return result;
}

}  // namespace highwater::config
