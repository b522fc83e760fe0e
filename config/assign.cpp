#include "config/assign.hpp"

#include <string>
#include <utility>
#include <vector>

#include "config/read.hpp"
#include "config/write.hpp"

namespace highwater::config {
namespace {

// A value of an option, and where it is.
struct place {
  const value_type* type = nullptr;  // null: there is none
  void* member = nullptr;
};

place find(const section& shape, void* owner, std::string_view key);

// The rest of a key behind "policies" is "[0].level", behind "limits.per_user" it is ".app.clients"; names may have
// dots in them.
place find(const section_list& list, void* member, std::string_view rest) {
  const auto count = list.count(member);
  for (std::size_t index = 0; index < count; ++index) {
    auto* const element = const_cast<void*>(list.item(member, index));
    const auto name = list.name ? "." + list.name(element) + "." : "[" + std::to_string(index) + "].";
    if (!rest.starts_with(name)) continue;
    const auto found = find(list.element, element, rest.substr(name.size()));
    if (found.type != nullptr) return found;
  }
  return {};
}

place find(const section& shape, void* owner, std::string_view key) {
  for (const auto& each : shape.options) {
    if (!key.starts_with(each.key)) continue;
    const auto rest = key.substr(each.key.size());
    auto* const member = each.member(owner);
    if (const auto* type = std::get_if<value_type>(&each.what)) {
      if (rest.empty()) return {type, member};
    } else if (const auto* inner = std::get_if<section>(&each.what)) {
      if (rest.starts_with('.')) return find(*inner, member, rest.substr(1));
    } else if (const auto found = find(std::get<section_list>(each.what), member, rest); found.type != nullptr) {
      return found;
    }
  }
  return {};
}

parsed_tree tree_of(const value_type& type, std::string_view text) {
  const auto* const kind = type.schema.if_contains("type");
  const bool is_list = kind != nullptr && *kind == "array";
  if (text.starts_with('[')) return parse_tree(text);
  if (is_list || text.starts_with('{')) return parse_tree("[" + std::string(text) + "]");
  parsed_tree plain;
  plain.root.what = tree::kind::text;
  plain.root.text = text;
  return plain;
}

mistake said_of(std::string_view key, mistake what) {
  return {0, 0, what.key.empty() ? std::string(key) : std::move(what.key), std::move(what.found),
          std::move(what.expected)};
}

}  // namespace

std::optional<mistake> assign(struct config& to, std::string_view key, std::string_view text) {
  auto wanted = to;
  const auto at = find(schema(), &wanted, key);
  if (at.type == nullptr) return mistake{0, 0, std::string(key), "no such option", "one that SHOW CONFIG shows"};
  const auto value = tree_of(*at.type, text);
  if (value.error) return said_of(key, *value.error);
  std::vector<mistake> mistakes;
  at.type->read(value.root, at.member, std::string(key), mistakes);
  if (mistakes.empty()) check(wanted, parse_tree(to_yaml(wanted)).root, mistakes);
  if (!mistakes.empty()) return said_of(key, mistakes.front());
  to = std::move(wanted);
  return std::nullopt;
}

}  // namespace highwater::config
