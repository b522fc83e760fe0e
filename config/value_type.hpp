#pragma once

// What a single option may hold: how it is read, written, bounded and described. An option is declared with one of
// these (schema.cpp); the loader, the effective configuration, the documentation and the JSON schema all use it.

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/enum_names.hpp"
#include "config/tree.hpp"
#include "config/units.hpp"

namespace highwater::config {

namespace json = boost::json;

struct value_type {
  std::string name;      // in the documentation: "duration"
  std::string unit;      // "connections", "us, ms, s, min, h", or empty
  std::string bounds;    // "1 to 10000", or empty
  std::string expected;  // in a mistake: "a whole number from 1 to 10000"
  json::object schema;   // the same as JSON Schema
  bool secret = false;   // never shown
  // Reads into the member at `into`, or says what is wrong with what stands at `key`.
  std::function<void(const tree& from, void* into, const std::string& key, std::vector<mistake>& mistakes)> read;
  std::function<json::value(const void* member)> write;  // null: leave the option out
};

// A value type that fits members of type T and no others.
template <class T>
struct typed : value_type {};

mistake wrong_value(const tree& from, const std::string& key, const value_type& type);

// From a function that parses a T and one that prints it.
template <class T, class Parse, class Print>
typed<T> value_of(value_type type, Parse parse, Print print) {
  typed<T> result{std::move(type)};
  result.write = [print](const void* member) -> json::value { return print(*static_cast<const T*>(member)); };
  result.read = [parse, type = static_cast<const value_type&>(result)](const tree& from, void* into,
                                                                       const std::string& key, auto& mistakes) {
    if (std::optional<T> value = parse(from)) {
      *static_cast<T*>(into) = std::move(*value);
    } else {
      mistakes.push_back(wrong_value(from, key, type));
    }
  };
  return result;
}

value_type whole_number_type(std::uint64_t lowest, std::uint64_t highest, std::string unit);
std::optional<std::uint64_t> parse_whole_number(const tree& from, std::uint64_t lowest, std::uint64_t highest);

template <class T>
typed<T> whole_number(T lowest, T highest, std::string unit = {}) {
  return value_of<T>(
      whole_number_type(lowest, highest, std::move(unit)),
      [lowest, highest](const tree& from) -> std::optional<T> {
        const auto value = parse_whole_number(from, lowest, highest);
        return value ? std::optional<T>(static_cast<T>(*value)) : std::nullopt;
      },
      [](T value) -> json::value { return std::uint64_t{value}; });
}

json::value with_unit(const std::string& formatted);  // 0 is a number, anything else text

value_type duration_type(std::chrono::microseconds lowest, std::chrono::microseconds highest, bool whole_milliseconds);

template <class Duration>
typed<Duration> duration(Duration lowest, Duration highest) {
  constexpr bool coarse = Duration::period::den == 1'000;
  return value_of<Duration>(
      duration_type(lowest, highest, coarse),
      [lowest, highest](const tree& from) -> std::optional<Duration> {
        const auto value = from.what == tree::kind::text ? parse_duration(from.text) : std::nullopt;
        if (!value || *value < lowest || *value > highest) return std::nullopt;
        const auto whole = std::chrono::duration_cast<Duration>(*value);
        return whole == *value ? std::optional<Duration>(whole) : std::nullopt;
      },
      [](Duration value) -> json::value { return with_unit(format_duration(value)); });
}

typed<std::uint64_t> size(std::uint64_t lowest, std::uint64_t highest);

typed<bool> boolean();  // true or false, as YAML has them

value_type choice_type(const std::vector<std::string>& names);

template <class E>
typed<E> choice(const std::vector<std::pair<std::string, E>>& choices) {
  std::vector<std::string> names;
  names.reserve(choices.size());
  for (const auto& [name, value] : choices) names.push_back(name);
  return value_of<E>(
      choice_type(names),
      [choices](const tree& from) -> std::optional<E> {
        for (const auto& [name, value] : choices) {
          if (from.what == tree::kind::text && from.text == name) return value;
        }
        return std::nullopt;
      },
      [choices](const E& wanted) -> json::value {
        for (const auto& [name, value] : choices) {
          if (value == wanted) return json::string(name);
        }
        return nullptr;
      });
}

// ... by the names that the enum has: see enum_names.hpp.
template <class E>
typed<E> choice_of_all() {
  std::vector<std::pair<std::string, E>> choices;
  for (std::size_t index = 0; index < count_of<E>(); ++index) {
    const auto value = static_cast<E>(index);
    choices.emplace_back(to_string(value), value);
  }
  return choice<E>(choices);
}
bool has_control_characters(std::string_view text);

// Text without control characters. `pattern` is an ECMAScript regular expression for the whole of it.
struct text_rules {
  std::string name = "text";
  std::string expected = "text";
  std::size_t longest = 63;  // bytes
  bool may_be_empty = false;
  bool secret = false;
  std::string pattern = {};
};
typed<std::string> text(const text_rules& rules);

// A list of at least one; an empty one is left out when written. `at_least` says what to do about an empty one.
template <class T>
typed<std::vector<T>> list_of(const typed<T>& element, const std::string& plural,
                              const std::string& at_least = "at least one (leave the key out to match everything)") {
  typed<std::vector<T>> result;
  result.name = "list of " + plural;
  result.expected = "a list of " + plural;
  result.schema = {{"type", "array"}, {"minItems", 1}, {"items", element.schema}};
  result.read = [element, expected = result.expected + ", " + at_least](
                    const tree& from, void* into, const std::string& key, std::vector<mistake>& mistakes) {
    auto& values = *static_cast<std::vector<T>*>(into);
    if (from.what != tree::kind::list || from.items.empty()) {
      mistakes.push_back({from.line, from.column, key, describe(from), expected});
      return;
    }
    for (std::size_t index = 0; index < from.items.size(); ++index) {
      T value{};
      element.read(from.items[index], &value, key + "[" + std::to_string(index) + "]", mistakes);
      values.push_back(std::move(value));
    }
  };
  result.write = [element](const void* member) -> json::value {
    json::array values;
    for (const T& value : *static_cast<const std::vector<T>*>(member)) values.push_back(element.write(&value));
    return values.empty() ? json::value(nullptr) : json::value(std::move(values));
  };
  return result;
}

// A value that may be left out, and is then left out when written.
template <class T>
typed<std::optional<T>> optional_of(const typed<T>& inner) {
  typed<std::optional<T>> result{static_cast<const value_type&>(inner)};
  result.read = [inner](const tree& from, void* into, const std::string& key, auto& mistakes) {
    inner.read(from, &static_cast<std::optional<T>*>(into)->emplace(), key, mistakes);
  };
  result.write = [inner](const void* member) -> json::value {
    const auto& value = *static_cast<const std::optional<T>*>(member);
    return value ? inner.write(&*value) : json::value(nullptr);
  };
  return result;
}

}  // namespace highwater::config
