#include "proxy/wire/startup.hpp"

#include <algorithm>
#include <cctype>

namespace highwater::wire {

namespace {

constexpr std::uint32_t ssl_code = 80877103;
constexpr std::uint32_t gss_code = 80877104;
constexpr std::uint32_t cancel_code = 80877102;

error protocol_error(std::string message) {
  return {std::string(sqlstate::protocol_violation), std::move(message), "", ""};
}

startup_packet read_parameters(reader in, std::uint32_t minor) {
  startup_request request;
  request.minor = minor;
  std::string_view options;  // the last one counts
  for (;;) {
    const auto name = in.c_string();
    if (!in.ok()) return protocol_error("invalid startup packet layout: expected a terminator as the last byte");
    if (name.empty()) break;
    const auto value = in.c_string();
    if (!in.ok()) return protocol_error("invalid startup packet layout: expected a terminator as the last byte");
    if (name.starts_with("_pq_.")) {
      request.unknown_options.emplace_back(name);
    } else if (name == "options") {
      options = value;
    } else {
      request.parameters.emplace_back(name, value);
    }
  }
  if (!in.done()) return protocol_error("invalid startup packet layout: expected a terminator as the last byte");
  if (auto wrong = split_options(options, request.options)) return std::move(*wrong);
  return request;
}

std::vector<std::string> words_of(std::string_view options) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < options.size();) {
    if (std::isspace(static_cast<unsigned char>(options[i]))) {
      ++i;
      continue;
    }
    auto& word = words.emplace_back();
    while (i < options.size() && !std::isspace(static_cast<unsigned char>(options[i]))) {
      if (options[i] == '\\' && i + 1 < options.size()) ++i;
      word.push_back(options[i++]);
    }
  }
  return words;
}

error bad_argument(std::string message, std::string hint) {
  return {std::string(sqlstate::syntax_error), std::move(message), "", std::move(hint)};
}
error bad_argument(std::string_view word) {
  return bad_argument("invalid command-line argument for server process: " + std::string(word),
                      "Highwater takes settings alone: -c NAME=VALUE, or --NAME=VALUE.");
}

// "name=value", where the command line may write dashes for underscores.
std::optional<error> add_setting(std::string_view dashes, std::string_view text,
                                 std::vector<std::pair<std::string, std::string>>& out) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return bad_argument(std::string(dashes) + std::string(text) + " requires a value", "");
  }
  std::string name(text.substr(0, equals));
  std::replace(name.begin(), name.end(), '-', '_');
  out.emplace_back(std::move(name), std::string(text.substr(equals + 1)));
  return std::nullopt;
}

}  // namespace

// A packet that begins like this would be 300 MB long.
bool is_tls_handshake(std::string_view bytes) noexcept {
  return bytes.starts_with('\x16');
}

startup_packet read_startup(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  if (bytes.size() < 4) return startup_incomplete{};
  const std::size_t length = load_u32(bytes.data());
  if (length < 8 || length > max_startup_size) return not_startup{"invalid length of startup packet"};
  if (bytes.size() < length) return startup_incomplete{};
  consumed = length;

  reader in(bytes.substr(4, length - 4));
  const auto code = in.u32();
  if (code == ssl_code) return ssl_request{};
  if (code == gss_code) return gss_request{};
  if (code == cancel_code) {
    const auto key = read_cancel_key(in.rest());
    return key ? startup_packet(cancel_request{*key}) : not_startup{"invalid length of startup packet"};
  }
  if (code >> 16 != 3) {
    return error{std::string(sqlstate::feature_not_supported),
                 "unsupported frontend protocol " + std::to_string(code >> 16) + "." + std::to_string(code & 0xFFFF) +
                     ": Highwater supports 3.0 to 3." + std::to_string(newest_minor),
                 "", ""};
  }
  return read_parameters(in, code & 0xFFFF);
}

std::optional<error> split_options(std::string_view options, std::vector<std::pair<std::string, std::string>>& out) {
  const auto words = words_of(options);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    std::optional<error> wrong;
    if (word == "-c") {
      if (++i == words.size()) return bad_argument(word);
      wrong = add_setting("-c ", words[i], out);
    } else if (word.starts_with("-c")) {
      wrong = add_setting("-c ", word.substr(2), out);
    } else if (word.starts_with("--")) {
      wrong = add_setting("--", word.substr(2), out);
    } else {
      return bad_argument(word);
    }
    if (wrong) return wrong;
  }
  return std::nullopt;
}

// A backslash is good before any character.
std::string join_options(const std::vector<std::pair<std::string, std::string>>& settings) {
  std::string options;
  const auto add = [&](std::string_view text) {
    for (const char c : text) {
      const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
      if (!plain) options.push_back('\\');
      options.push_back(c);
    }
  };
  for (const auto& [name, value] : settings) {
    options += options.empty() ? "-c " : " -c ";
    add(name);
    options.push_back('=');
    add(value);
  }
  return options;
}

}  // namespace highwater::wire
