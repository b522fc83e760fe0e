#include "proxy/server/settings.hpp"

#include <algorithm>
#include <array>
#include <boost/container_hash/hash.hpp>
#include <cctype>

namespace highwater::proxy {

namespace {

auto lower_bound(auto& in, std::string_view name) {
  return std::lower_bound(in.begin(), in.end(), name,
                          [](const auto& one, std::string_view n) { return one.first < n; });
}

std::string quote(std::string_view text, char mark) {
  std::string quoted(1, mark);
  for (const char c : text) {
    if (c == mark) quoted.push_back(c);
    quoted.push_back(c);
  }
  quoted.push_back(mark);
  return quoted;
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) text.append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
  return text;
}

// `encoding`: SQL for what the value's bytes are to be read in. The text around them is read in the encoding that the
// connection has before, whoever has left it.
void add_set(std::string& sql, std::string_view name, std::string_view value, const std::string& encoding) {
  const auto as_sql = is_ascii(value) ? quote_literal(value)
                                      : "pg_catalog.convert_from(pg_catalog.decode('" + hexadecimal(value) +
                                            "', 'hex'), " + encoding + ")";
  sql += sql.empty() ? "SELECT " : ", ";
  sql += "pg_catalog.set_config(" + quote_literal(name) + ", " + as_sql + ", false)";
}

// "a.b" is one name to RESET, of two identifiers.
std::string reset_name(std::string_view name) {
  const auto dot = name.find('.');
  if (dot == std::string_view::npos) return quote_identifier(name);
  return quote_identifier(name.substr(0, dot)) + "." + quote_identifier(name.substr(dot + 1));
}

std::size_t hash_of(const session_settings& all) {
  std::size_t hash = 0;
  for (const auto& one : all) boost::hash_combine(hash, one);
  return hash;
}

constexpr std::array<std::string_view, 2> identities{"role", "session_authorization"};

}  // namespace

bool is_identity(std::string_view name) noexcept {
  return std::ranges::find(identities, name) != identities.end();
}

settings_ptr no_settings() {
  static const auto none = std::make_shared<const session_settings>();
  return none;
}

settings_ptr settings_interner::intern(session_settings value) {
  if (value.empty()) return no_settings();
  const auto hash = hash_of(value);
  const auto [first, last] = known_.equal_range(hash);
  for (auto each = first; each != last; ++each) {
    if (auto one = each->second.lock(); one && *one == value) return one;
  }
  if (known_.size() >= sweep_at_) {
    std::erase_if(known_, [](const auto& one) { return one.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * known_.size());
  }
  auto made = std::make_shared<const session_settings>(std::move(value));
  known_.emplace(hash, made);
  return made;
}

void put(session_settings& in, std::string_view name, std::string_view value) {
  const auto place = lower_bound(in, name);
  if (place != in.end() && place->first == name) {
    place->second = value;
  } else {
    in.emplace(place, name, value);
  }
}

void unset(session_settings& in, std::string_view name) {
  const auto place = lower_bound(in, name);
  if (place != in.end() && place->first == name) in.erase(place);
}

std::optional<std::string_view> find(const session_settings& in, std::string_view name) noexcept {
  const auto place = lower_bound(in, name);
  if (place == in.end() || place->first != name) return std::nullopt;
  return place->second;
}

std::size_t size_of(const session_settings& all) noexcept {
  std::size_t size = 0;
  for (const auto& [name, value] : all) size += name.size() + value.size();
  return size;
}

bool is_ascii(std::string_view text) noexcept {
  return std::ranges::none_of(text, [](unsigned char c) { return c > 127; });
}

bool same(const settings_ptr& a, const settings_ptr& b) noexcept {
  return a == b || *a == *b;
}

session_settings for_analysis(const session_settings& all) {
  auto some = all;
  std::erase_if(some,
                [](const auto& one) { return one.first == "application_name" || one.first.ends_with("_timeout"); });
  return some;
}

// As somebody else, not everything may be set that could be set before: who one is comes last, and goes first.
std::string transition_sql(const session_settings& from, const session_settings& to) {
  std::string resets;
  for (const auto identity : identities) {
    if (find(from, identity)) resets += "RESET " + reset_name(identity) + "; ";
  }
  for (const auto& [name, value] : from) {
    if (!find(to, name) && !is_identity(name)) resets += "RESET " + reset_name(name) + "; ";
  }
  const auto named = find(to, "client_encoding");
  const auto encoding = named ? quote_literal(*named) : "pg_catalog.current_setting('client_encoding')";
  std::string sets;
  for (const auto& [name, value] : to) {
    if (find(from, name) != value && !is_identity(name)) add_set(sets, name, value, encoding);
  }
  for (auto identity = identities.rbegin(); identity != identities.rend(); ++identity) {
    if (const auto value = find(to, *identity)) add_set(sets, *identity, *value, encoding);
  }
  return resets + sets;
}

std::string inquiry_sql(const std::vector<std::string>& names) {
  std::string sql;
  for (const auto& name : names) {
    sql += sql.empty() ? "SELECT " : ", ";
    sql += "pg_catalog.current_setting(" + quote_literal(name) + ", true)";
  }
  return sql;
}

// Safe with standard_conforming_strings on or off: a backslash makes it an escape string.
std::string quote_literal(std::string_view text) {
  auto quoted = quote(text, '\'');
  if (text.find('\\') == std::string_view::npos) return quoted;
  std::string escaped = " E";
  for (const char c : quoted) {
    if (c == '\\') escaped.push_back(c);
    escaped.push_back(c);
  }
  return escaped;
}

bool text_is_plain(const session_settings& of) {
  if (find(of, "standard_conforming_strings").value_or("on") != "on") return false;
  auto encoding = std::string(find(of, "client_encoding").value_or(""));
  std::erase_if(encoding, [](unsigned char c) { return std::isalnum(c) == 0; });
  std::transform(encoding.begin(), encoding.end(), encoding.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::array unsafe{"sjis",    "shiftjis", "mskanji",    "win932",     "windows932", "shiftjis2004",
                              "big5",    "win950",   "windows950", "gbk",        "win936",     "windows936",
                              "gb18030", "uhc",      "win949",     "windows949", "johab"};
  return std::find(unsafe.begin(), unsafe.end(), encoding) == unsafe.end();
}

std::string quote_identifier(std::string_view name) {
  return quote(name, '"');
}

}  // namespace highwater::proxy
