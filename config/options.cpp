#include "config/options.hpp"

#include "config/schema.hpp"
#include "config/write.hpp"

namespace highwater::config {

namespace {

std::optional<std::string> text_of(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  return value.is_string() ? std::string(value.get_string()) : flow_yaml(value);
}

class lister {
public:
  std::vector<option_value> take() { return std::move(found_); }

  void list(const section& shape, const void* owner, const void* usual, const std::string& path) {
    for (const auto& each : shape.options) list(each, each.member_of(owner), each.member_of(usual), path);
  }

private:
  void list(const option& each, const void* member, const void* usual, const std::string& path) {
    const auto key = join_key(path, each.key);
    if (const auto* type = std::get_if<value_type>(&each.what)) {
      found_.push_back({key, text_of(type->write(member)), text_of(type->write(usual))});
    } else if (const auto* inner = std::get_if<section>(&each.what)) {
      list(*inner, member, usual, key);
    } else {
      list(std::get<section_list>(each.what), member, key);
    }
  }

  void list(const section_list& all, const void* member, const std::string& key) {
    const auto usual = all.element.make_default();
    for (std::size_t index = 0; index < all.count(member); ++index) {
      const auto* element = all.item(member, index);
      list(all.element, element, usual.get(), element_key(all, element, index, key));
    }
  }

  std::vector<option_value> found_;
};

}  // namespace

std::vector<option_value> options_of(const struct config& value) {
  const auto usual = schema().make_default();
  lister all;
  all.list(schema(), &value, usual.get(), "");
  return all.take();
}

}  // namespace highwater::config
