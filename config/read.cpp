#include "config/read.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace highwater::config {
namespace {

// How many single-character edits make one word of the other (Levenshtein).
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string did_you_mean(const section& shape, std::string_view key) {
  constexpr std::size_t longest_key = 64;
  if (key.size() > longest_key) return {};
  std::string best;
  std::size_t fewest = std::max<std::size_t>(2, key.size() / 3) + 1;
  for (const option& known : shape.options) {
    const std::size_t edits = distance(key, known.key);
    if (edits >= fewest || edits >= known.key.size()) continue;
    fewest = edits;
    best = known.key;
  }
  return best.empty() ? "" : " (did you mean " + best + "?)";
}

mistake unknown_key(const section& shape, const tree& key, const std::string& path) {
  std::string known;
  for (const option& each : shape.options) known += (known.empty() ? "" : ", ") + each.key;
  const bool is_text = key.what == tree::kind::text;
  const std::string name = is_text ? quote(key.text) : describe(key);
  return {key.line, key.column, is_text ? join_key(path, key.text.substr(0, 64)) : path, "unknown key " + name,
          (shape.options.size() > 1 ? "one of " : "") + known + (is_text ? did_you_mean(shape, key.text) : "")};
}

const option* find_option(const section& shape, const tree& key) {
  if (key.what != tree::kind::text) return nullptr;
  const auto found = std::find_if(shape.options.begin(), shape.options.end(),
                                  [&](const option& each) { return each.key == key.text; });
  return found == shape.options.end() ? nullptr : &*found;
}

class reader {
public:
  explicit reader(std::vector<mistake>& mistakes) : mistakes_(mistakes) {}

  void read(const section& shape, const tree& from, void* owner, const std::string& path) {
    if (from.what != tree::kind::map && from.what != tree::kind::nothing) {
      mistakes_.push_back({from.line, from.column, path, describe(from), "a map of options"});
      return;
    }
    for (std::size_t index = 0; index < from.keys.size(); ++index) check_key(shape, from, index, path);
    for (const option& each : shape.options) {
      const std::string key = join_key(path, each.key);
      if (const tree* value = from.find(each.key)) {
        read(each, *value, each.member(owner), key);
      } else if (each.required) {
        missing(each, from, owner, key);
      }
    }
  }

private:
  void check_key(const section& shape, const tree& from, std::size_t index, const std::string& path) {
    if (mistakes_.size() >= most_mistakes) return;
    const tree& key = from.keys[index];
    if (find_option(shape, key) == nullptr) {
      mistakes_.push_back(unknown_key(shape, key, path));
      return;
    }
    repeats(from, index, path);
  }

  bool repeats(const tree& from, std::size_t index, const std::string& path) {
    const tree& key = from.keys[index];
    const auto first = std::find_if(from.keys.begin(), from.keys.end(),
                                    [&](const tree& each) { return each.what == key.what && each.text == key.text; });
    if (first == from.keys.begin() + static_cast<std::ptrdiff_t>(index)) return false;
    mistakes_.push_back({key.line, key.column, join_key(path, key.text), "the key again",
                         "it once (line " + std::to_string(first->line) + " has it)"});
    return true;
  }

  // A section that was left out has nothing in it, and says itself what it needs.
  void missing(const option& each, const tree& from, void* owner, const std::string& key) {
    tree nothing;
    nothing.line = from.line;
    nothing.column = from.column;
    read(each, nothing, each.member(owner), key);
  }

  void read(const option& each, const tree& from, void* member, const std::string& key) {
    if (const auto* type = std::get_if<value_type>(&each.what)) {
      type->read(from, member, key, mistakes_);
    } else if (const auto* inner = std::get_if<section>(&each.what)) {
      read(*inner, from, member, key);
    } else {
      const auto& list = std::get<section_list>(each.what);
      list.name ? read_map(list, from, member, key) : read_list(each, from, member, key);
    }
  }

  void read_map(const section_list& list, const tree& from, void* member, const std::string& key) {
    if (from.what == tree::kind::nothing) return;
    if (from.what != tree::kind::map) {
      mistakes_.push_back({from.line, from.column, key, describe(from), "a map by names"});
      return;
    }
    for (std::size_t index = 0; index < from.keys.size(); ++index) {
      if (!check_name(from, index, key)) continue;
      auto* const element = list.append(member);
      list.name(element) = from.keys[index].text;
      read(list.element, from.items[index], element, join_key(key, from.keys[index].text));
    }
  }

  // The names that PostgreSQL may have.
  bool check_name(const tree& from, std::size_t index, const std::string& path) {
    constexpr std::size_t longest_name = 63;
    const tree& key = from.keys[index];
    if (mistakes_.size() >= most_mistakes) return false;
    const bool valid = key.what == tree::kind::text && !key.text.empty() && key.text.size() <= longest_name &&
                       !has_control_characters(key.text);
    if (!valid) mistakes_.push_back({key.line, key.column, path, describe(key), "a name of up to 63 bytes"});
    return valid && !repeats(from, index, path);
  }

  void read_list(const option& each, const tree& from, void* member, const std::string& key) {
    const bool empty = from.what == tree::kind::nothing || (from.what == tree::kind::list && from.items.empty());
    if (empty && each.required) {
      mistakes_.push_back({from.line, from.column, key, describe(from), "a list of at least one"});
    } else if (!empty && from.what != tree::kind::list) {
      mistakes_.push_back({from.line, from.column, key, describe(from), "a list"});
    }
    if (from.what != tree::kind::list) return;
    const auto& list = std::get<section_list>(each.what);
    for (std::size_t index = 0; index < from.items.size(); ++index) {
      read(list.element, from.items[index], list.append(member), key + "[" + std::to_string(index) + "]");
    }
  }

  std::vector<mistake>& mistakes_;
};

}  // namespace

void read_section(const section& shape, const tree& from, void* owner, const std::string& path,
                  std::vector<mistake>& mistakes) {
  reader(mistakes).read(shape, from, owner, path);
}

}  // namespace highwater::config
