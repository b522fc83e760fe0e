#include "config/write.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

namespace highwater::config {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& byte : result) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  return result;
}

// Text that YAML reads as the same text without quotes, whatever the reader takes for numbers and constants.
bool is_plain(std::string_view text) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view inner = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  const std::string small = lower(text);
  for (const char* word : {"null", "true", "false", "yes", "no", "on", "off"}) {
    if (small == word) return false;
  }
  const bool is_word = small.find_first_of(letters) != std::string::npos;
  const bool is_address = std::count(text.begin(), text.end(), '.') > 1;
  return (is_word || is_address) && text.find_first_not_of(inner) == std::string_view::npos && text.front() != '-' &&
         text.front() != '.';
}

void indent(std::string& out, int depth) {
  out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

class writer {
public:
  std::string take() { return std::move(out_); }

  // `first_indented`: the line's beginning is there already, as after "- ".
  void write(const section& shape, const void* owner, int depth, bool first_indented = false) {
    for (const option& each : shape.options) {
      const std::size_t before = out_.size();
      if (!first_indented) indent(out_, depth);
      const std::size_t start = out_.size();
      write(each, each.member_of(owner), depth);
      if (out_.size() == start) {
        out_.resize(before);
      } else {
        first_indented = false;
      }
    }
  }

private:
  void write(const option& each, const void* member, int depth) {
    if (const auto* type = std::get_if<value_type>(&each.what)) {
      const json::value value = type->write(member);
      if (!value.is_null()) out_ += each.key + ": " + flow_yaml(value) + "\n";
    } else if (const auto* inner = std::get_if<section>(&each.what)) {
      const std::size_t before = out_.size();
      out_ += each.key + ":\n";
      const std::size_t start = out_.size();
      write(*inner, member, depth + 1);
      if (out_.size() == start) out_.resize(before);
    } else {
      const auto& list = std::get<section_list>(each.what);
      list.name ? write_map(each, list, member, depth) : write_list(each, list, member, depth);
    }
  }

  void write_map(const option& each, const section_list& list, const void* member, int depth) {
    const std::size_t count = list.count(member);
    out_ += each.key + (count == 0 ? ": {}\n" : ":\n");
    for (std::size_t index = 0; index < count; ++index) {
      const auto* element = list.item(member, index);
      indent(out_, depth + 1);
      out_ += flow_yaml(json::value(json::string(list.name(const_cast<void*>(element))))) + ":";
      const std::size_t before = out_.size();
      out_ += "\n";
      write(list.element, element, depth + 2);
      if (out_.size() == before + 1) out_.replace(before, 1, " {}\n");
    }
  }

  void write_list(const option& each, const section_list& list, const void* member, int depth) {
    const std::size_t count = list.count(member);
    out_ += each.key + (count == 0 ? ": []\n" : ":\n");
    for (std::size_t index = 0; index < count; ++index) {
      indent(out_, depth + 1);
      out_ += "- ";
      write(list.element, list.item(member, index), depth + 2, true);
    }
  }

  std::string out_;
};

}  // namespace

std::string flow_yaml(const json::value& value) {
  std::string result;
  if (const auto* list = value.if_array()) {
    for (const json::value& item : *list) result += (result.empty() ? "" : ", ") + flow_yaml(item);
    return "[" + result + "]";
  }
  if (const auto* map = value.if_object()) {
    for (const auto& [key, item] : *map) {
      result += (result.empty() ? "" : ", ") + std::string(key) + ": " + flow_yaml(item);
    }
    return "{" + result + "}";
  }
  if (value.is_string() && is_plain(std::string_view(value.get_string()))) return std::string(value.get_string());
  return json::serialize(value);  // a JSON scalar is a YAML scalar
}

std::string to_yaml(const struct config& value) {
  writer out;
  out.write(schema(), &value, 0);
  return out.take();
}

}  // namespace highwater::config
