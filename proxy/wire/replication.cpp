#include "proxy/wire/replication.hpp"

#include <algorithm>
#include <string>

namespace highwater::wire {

namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Its beginning, of at least `least` characters, in any case.
bool abbreviates(std::string_view value, std::string_view word, std::size_t least) noexcept {
  return value.size() >= least && value.size() <= word.size() &&
         std::ranges::equal(value, word.substr(0, value.size()), {}, lower);
}

// parse_bool() of src/backend/utils/adt/bool.c: what `on` and `off` begin with alone is neither.
std::optional<bool> read_boolean(std::string_view value) noexcept {
  if (value == "1" || abbreviates(value, "true", 1) || abbreviates(value, "yes", 1) || abbreviates(value, "on", 2))
    return true;
  if (value == "0" || abbreviates(value, "false", 1) || abbreviates(value, "no", 1) || abbreviates(value, "off", 2))
    return false;
  return std::nullopt;
}

}  // namespace

std::optional<replication> read_replication(std::string_view value) noexcept {
  if (value == "database") return replication::logical;
  const auto wanted = read_boolean(value);
  if (!wanted) return std::nullopt;
  return *wanted ? replication::physical : replication::none;
}

error not_replication(std::string_view value) {
  return {std::string(sqlstate::invalid_parameter_value),
          "invalid value for parameter \"replication\": \"" + std::string(value) + "\"", "",
          R"(Valid values are: "false", 0, "true", 1, "database".)"};
}

}  // namespace highwater::wire
