#pragma once

// What the checks of several options together share: which of them can be relied on, and where a mistake stands.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "config/tree.hpp"

namespace highwater::config {

class checker {
public:
  checker(const tree& root, std::vector<mistake>& mistakes)
      : root_(root), mistakes_(mistakes), known_(mistakes.size()) {}

  // Nothing that was written there is wrong by itself.
  bool sound(std::string_view key) const {
    return std::none_of(mistakes_.begin(), mistakes_.begin() + static_cast<std::ptrdiff_t>(known_),
                        [&](const mistake& each) { return related(each.key, key); });
  }

  bool written(std::string_view key) const {
    const tree* at = &root_;
    for (std::size_t begin = 0; at != nullptr && begin <= key.size();) {
      const auto end = std::min(key.find('.', begin), key.size());
      at = at->find(key.substr(begin, end - begin));
      begin = end + 1;
    }
    return at != nullptr;
  }

  void say(const std::string& key, std::string found, std::string expected) {
    const tree& at = nearest(root_, key);
    mistakes_.push_back({at.line, at.column, key, std::move(found), std::move(expected)});
  }

private:
  // One key is the other, or a section around it.
  static bool related(std::string_view left, std::string_view right) {
    if (left.size() > right.size()) std::swap(left, right);
    return right.starts_with(left) &&
           (left.size() == right.size() || left.empty() || right[left.size()] == '.' || right[left.size()] == '[');
  }

  const tree& root_;
  std::vector<mistake>& mistakes_;
  std::size_t known_;
};

inline std::string indexed(std::string_view list, std::size_t index, std::string_view key) {
  return std::string(list).append("[").append(std::to_string(index)).append("].").append(key);
}

// The part of check() that is about auth.rules and auth.maps.
void check_rules(checker& out, const auth& value, const listen_tls& tls);
// ... what is of one rule, and of methods ldap and pam.
void check_elsewhere(checker& out, const auth_rule& rule, std::size_t index);

}  // namespace highwater::config
