#include "config/own_types.hpp"

#include <arpa/inet.h>

#include <array>

#include "config/sql_parameters.hpp"

namespace highwater::config {
namespace {

using kind = stale_step::kind;

constexpr unsigned most_workers = 1'024;
constexpr const char* any_step = "{wait: auto or a duration}, primary, stale or error";

typed<std::chrono::milliseconds> wait_duration() {
  using namespace std::chrono_literals;
  return duration<std::chrono::milliseconds>(1ms, 10min);
}

typed<kind> plain_step() {
  return choice<kind>({{"primary", kind::primary}, {"stale", kind::stale}, {"error", kind::error}});
}

std::optional<stale_step> read_step(const tree& from, const std::string& key, std::vector<mistake>& mistakes) {
  stale_step step;
  std::vector<mistake> ignored;
  if (const tree* wait = from.find("wait"); wait != nullptr && from.items.size() == 1) {
    const bool automatic = wait->what == tree::kind::text && wait->text == "auto";
    step.what = automatic ? kind::wait_while_worth : kind::wait;
    if (!automatic) wait_duration().read(*wait, &step.duration, key + ".wait", mistakes);
    return step;
  }
  plain_step().read(from, &step.what, key, ignored);
  if (ignored.empty()) return step;
  mistakes.push_back({from.line, from.column, key, describe(from), any_step});
  return std::nullopt;
}

// Why this step cannot follow that one; empty when it can.
std::string expected_after(kind before, kind step) {
  if (before == kind::stale) return "nothing after stale, which always succeeds";
  if (before == kind::error) return "nothing after error, which ends the query";
  if (before == kind::primary && (step == kind::wait || step == kind::wait_while_worth || step == kind::primary)) {
    return "stale, error or nothing after primary";
  }
  return {};
}

void read_steps(const tree& from, stale_steps& steps, const std::string& key, std::vector<mistake>& mistakes) {
  const bool is_list = from.what == tree::kind::list;
  const std::size_t count = is_list ? from.items.size() : 1;
  steps.clear();
  if (count == 0)
    mistakes.push_back({from.line, from.column, key, describe(from), "at least one of " + std::string(any_step)});
  for (std::size_t index = 0; index < count; ++index) {
    const tree& item = is_list ? from.items[index] : from;
    const std::string item_key = is_list ? key + "[" + std::to_string(index) + "]" : key;
    const auto step = read_step(item, item_key, mistakes);
    if (!step) continue;
    const std::string expected = steps.empty() ? "" : expected_after(steps.back().what, step->what);
    if (!expected.empty()) {
      mistakes.push_back({item.line, item.column, item_key, describe(item), expected});
      return;
    }
    steps.push_back(*step);
    if (index + 1 == count && step->waits()) {
      mistakes.push_back(
          {item.line, item.column, item_key, "the end of the list", "primary, stale or error after the last wait"});
    }
  }
}

json::value write_step(const stale_step& step) {
  if (step.what == kind::wait_while_worth) return json::object{{"wait", "auto"}};
  if (step.what == kind::wait) return json::object{{"wait", wait_duration().write(&step.duration)}};
  return plain_step().write(&step.what);
}

}  // namespace

typed<unsigned> worker_count() {
  const auto number = whole_number<unsigned>(1, most_workers, "threads");
  value_type type = number;
  type.bounds = "auto, or " + number.bounds;
  type.expected = "auto, or " + number.expected;
  type.schema = {{"anyOf", {{{"const", "auto"}}, number.schema}}};
  return value_of<unsigned>(
      std::move(type),
      [](const tree& from) -> std::optional<unsigned> {
        if (from.what == tree::kind::text && from.text == "auto") return 0;
        const auto value = parse_whole_number(from, 1, most_workers);
        return value ? std::optional(static_cast<unsigned>(*value)) : std::nullopt;
      },
      [](unsigned value) -> json::value {
        if (value == 0) return "auto";
        return std::uint64_t{value};
      });
}

typed<std::string> ip_address() {
  value_type type;
  type.name = "IP address";
  type.expected = "an IPv4 or IPv6 address to listen on";
  type.schema = {{"type", "string"}, {"anyOf", {{{"format", "ipv4"}}, {{"format", "ipv6"}}}}};
  return value_of<std::string>(
      std::move(type),
      [](const tree& from) -> std::optional<std::string> {
        std::array<unsigned char, sizeof(in6_addr)> bytes{};
        const bool valid = from.what == tree::kind::text && (inet_pton(AF_INET, from.text.c_str(), bytes.data()) == 1 ||
                                                             inet_pton(AF_INET6, from.text.c_str(), bytes.data()) == 1);
        return valid ? std::optional(from.text) : std::nullopt;
      },
      [](const std::string& value) -> json::value { return json::string(value); });
}

typed<std::string> stored_secret() {
  text_rules rules;
  rules.name = "SCRAM secret";
  rules.expected =
      "SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>, the last three in base64, or md5 and a hash";
  rules.longest = 1'024;
  rules.secret = true;
  rules.pattern =
      "SCRAM-SHA-256\\$[1-9][0-9]{0,8}:"
      "(([A-Za-z0-9+/]{4})+|([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==))"
      "\\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=|md5[0-9a-f]{32}";
  return text(rules);
}

typed<std::string> lookup_statement() {
  text_rules rules;
  rules.name = "SQL";
  rules.expected = "a statement with $1 for the user's name, and with no other parameter,";
  rules.longest = 4'096;
  auto result = text(rules);
  result.schema["pattern"] = "\\$1";
  result.read = [plain = result](const tree& from, void* into, const std::string& key, auto& mistakes) {
    std::string value;
    const auto before = mistakes.size();
    plain.read(from, &value, key, mistakes);
    if (mistakes.size() != before) return;
    if (!has_one_parameter(value)) mistakes.push_back(wrong_value(from, key, plain));
    *static_cast<std::string*>(into) = std::move(value);
  };
  return result;
}

typed<level> consistency_level() {
  return choice_of_all<level>();
}

typed<tls_mode> tls_modes() {
  return choice_of_all<tls_mode>();
}

typed<stale_steps> stale_step_list() {
  typed<stale_steps> result;
  result.name = "list of steps";
  result.bounds = any_step;
  result.expected = "a list of " + std::string(any_step);
  json::object wait{{"type", "object"},
                    {"properties", {{"wait", {{"anyOf", {{{"const", "auto"}}, wait_duration().schema}}}}}},
                    {"additionalProperties", false}};
  wait["required"] = json::array{"wait"};
  const json::object plain = plain_step().schema;
  const json::object one{{"anyOf", {plain, std::move(wait)}}};
  json::object list{{"type", "array"}, {"minItems", 1}, {"items", one}};
  result.schema = {{"anyOf", {plain, std::move(list)}}};
  result.read = [](const tree& from, void* into, const std::string& key, auto& mistakes) {
    read_steps(from, *static_cast<stale_steps*>(into), key, mistakes);
  };
  result.write = [](const void* member) -> json::value {
    json::array steps;
    for (const stale_step& step : *static_cast<const stale_steps*>(member)) steps.push_back(write_step(step));
    return steps;
  };
  return result;
}

}  // namespace highwater::config
