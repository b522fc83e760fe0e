#pragma once

// The shape of the configuration: sections of options, each declared once (schema.cpp) with key, value type, bounds,
// unit and description, and bound to the member that holds it. Defaults are those of the structs in config.hpp.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/value_type.hpp"

namespace highwater::config {

struct option;

struct section {
  std::vector<option> options;
  std::function<std::shared_ptr<void>()> make_default;  // a value of the struct that the section fills
};

// A list whose elements are sections, or, if they have names, a map of them by name. `list` points to the vector in the
// struct.
struct section_list {
  section element;
  std::function<std::string&(void* element)> name;  // null: a list
  std::function<void*(void* list)> append;
  std::function<std::size_t(const void* list)> count;
  std::function<const void*(const void* list, std::size_t index)> item;
};

struct option {
  std::string key;
  std::string description;
  std::function<void*(void* owner)> member;
  std::variant<value_type, section, section_list> what;
  bool required = false;
  std::string default_note;  // in the documentation, where the struct's own default does not say it

  const void* member_of(const void* owner) const { return member(const_cast<void*>(owner)); }
};

// Binds the options of a section to the members of the struct that holds them.
template <class Owner>
class section_builder {
public:
  template <class T>
  section_builder& value(std::string key, T Owner::*member, typed<T> type, std::string description) {
    return add(std::move(key), std::move(description), member, value_type(std::move(type)));
  }

  template <class T>
  section_builder& nested(std::string key, T Owner::*member, section inner, std::string description) {
    return add(std::move(key), std::move(description), member, std::move(inner));
  }

  template <class T>
  section_builder& list(std::string key, std::vector<T> Owner::*member, section element, std::string description) {
    return add(std::move(key), std::move(description), member, list_of_sections<T>(std::move(element)));
  }

  // `name`: what the keys of the map are read into.
  template <class T>
  section_builder& map(std::string key, std::vector<T> Owner::*member, std::string T::*name, section element,
                       std::string description) {
    auto list = list_of_sections<T>(std::move(element));
    list.name = [name](void* one) -> std::string& { return static_cast<T*>(one)->*name; };
    return add(std::move(key), std::move(description), member, std::move(list));
  }

  // A section of the file whose options are members of this same struct.
  section_builder& group(std::string key, section inner, std::string description) {
    result_.options.push_back(
        {std::move(key), std::move(description), [](void* owner) { return owner; }, std::move(inner), false, {}});
    return *this;
  }

  // These two are about the option declared last.
  section_builder& required() {
    result_.options.back().required = true;
    return *this;
  }
  section_builder& by_default(std::string note) {
    result_.options.back().default_note = std::move(note);
    return *this;
  }

  section build() {
    result_.make_default = [] { return std::make_shared<Owner>(); };
    return std::move(result_);
  }

private:
  template <class T>
  static section_list list_of_sections(section element) {
    section_list list;
    list.element = std::move(element);
    list.append = [](void* items) -> void* { return &static_cast<std::vector<T>*>(items)->emplace_back(); };
    list.count = [](const void* items) { return static_cast<const std::vector<T>*>(items)->size(); };
    list.item = [](const void* items, std::size_t index) -> const void* {
      return &(*static_cast<const std::vector<T>*>(items))[index];
    };
    return list;
  }

  template <class T, class What>
  section_builder& add(std::string key, std::string description, T Owner::*member, What what) {
    const auto at = [member](void* owner) -> void* { return &(static_cast<Owner*>(owner)->*member); };
    result_.options.push_back({std::move(key), std::move(description), at, std::move(what), false, {}});
    return *this;
  }

  section result_;
};

// The whole configuration; its owner is struct config.
const section& schema();

// "pool" and "size" make "pool.size".
std::string join_key(const std::string& path, const std::string& key);
// That of the element: "policies[0]", or by its name "limits.per_user.app".
std::string element_key(const section_list& list, const void* element, std::size_t index, const std::string& path);

}  // namespace highwater::config
