#include "config/tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace highwater::config {
namespace {

constexpr std::size_t max_depth = 32;
constexpr std::size_t max_weight = 16 * max_document_bytes;

struct refusal {
  YAML::Mark mark;
  std::string found;
  std::string expected;
};

// Builds the tree from the parser's events. Throws `refusal`, which parse_tree catches.
class builder : public YAML::EventHandler {
public:
  tree take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    tree value = make(mark, tree::kind::nothing);
    place_like_its_key(value);
    add(std::move(value), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    tree value = make(mark, tree::kind::text);
    value.quoted = tag != "?" && !tag.empty();
    value.text = text;
    value.weight += text.size();
    add(std::move(value), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) throw refusal{mark, "an alias inside of what it stands for", "a value"};
    spend(mark, known->second.weight);
    tree value = known->second;
    value.line = mark.line + 1;
    value.column = mark.column + 1;
    add(std::move(value), YAML::NullAnchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tree::kind::list, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tree::kind::map, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

private:
  struct open_node {
    tree value;
    YAML::anchor_t anchor;
  };

  static tree make(const YAML::Mark& mark, tree::kind what) {
    tree value;
    value.what = what;
    value.line = mark.line + 1;
    value.column = mark.column + 1;
    value.weight = sizeof(tree);
    return value;
  }

  void open(const YAML::Mark& mark, tree::kind what, YAML::anchor_t anchor) {
    if (open_.size() == max_depth) throw refusal{mark, "deeper nesting", "at most 32 levels"};
    open_.push_back({make(mark, what), anchor});
  }

  void close() {
    open_node done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.value), done.anchor);
  }

  void add(tree value, YAML::anchor_t anchor) {
    const YAML::Mark mark = mark_of(value);
    if (value.what == tree::kind::nothing || value.what == tree::kind::text) spend(mark, value.weight);
    if (anchor != YAML::NullAnchor) {
      spend(mark, value.weight);
      anchors_[anchor] = value;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    tree& parent = open_.back().value;
    parent.weight += value.weight;
    const bool is_key = parent.what == tree::kind::map && parent.keys.size() == parent.items.size();
    (is_key ? parent.keys : parent.items).push_back(std::move(value));
  }

  // The parser gives a missing value the place of the next token, which may be lines below.
  void place_like_its_key(tree& value) const {
    if (open_.empty()) return;
    const tree& parent = open_.back().value;
    if (parent.what != tree::kind::map || parent.keys.size() == parent.items.size()) return;
    value.line = parent.keys.back().line;
    value.column = parent.keys.back().column;
  }

  // Aliases can make a small file stand for a huge document: what is built has a budget.
  void spend(const YAML::Mark& mark, std::size_t weight) {
    spent_ += weight;
    if (spent_ > max_weight) throw refusal{mark, "more than a configuration needs", "fewer values and aliases"};
  }

  static YAML::Mark mark_of(const tree& value) {
    YAML::Mark mark;
    mark.line = value.line - 1;
    mark.column = value.column - 1;
    return mark;
  }

  tree root_;
  std::vector<open_node> open_;
  std::unordered_map<YAML::anchor_t, tree> anchors_;
  std::size_t spent_ = 0;
};

mistake at(const YAML::Mark& mark, std::string found, std::string expected) {
  return {std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1, "", std::move(found), std::move(expected)};
}

tree parse_document(std::string_view yaml) {
  std::istringstream stream{std::string(yaml)};
  YAML::Parser parser(stream);
  builder first;
  parser.HandleNextDocument(first);
  tree root = first.take();
  builder second;
  if (parser.HandleNextDocument(second)) {
    const tree extra = second.take();
    YAML::Mark mark;
    mark.line = extra.line - 1;
    mark.column = extra.column - 1;
    throw refusal{mark, "a second document", "one"};
  }
  return root;
}

}  // namespace

const tree* tree::find(std::string_view key) const {
  for (std::size_t index = 0; index < items.size() && index < keys.size(); ++index) {
    if (keys[index].what == kind::text && keys[index].text == key) return &items[index];
  }
  return nullptr;
}

parsed_tree parse_tree(std::string_view yaml) {
  if (yaml.size() > max_document_bytes) {
    return {{}, mistake{0, 0, "", "more than 1 MiB", "a configuration of at most 1 MiB"}};
  }
  try {
    return {parse_document(yaml), std::nullopt};
  } catch (const refusal& refused) {
    return {{}, at(refused.mark, refused.found, refused.expected)};
  } catch (const YAML::Exception& error) {
    return {{}, at(error.mark, "a syntax error (" + error.msg + ")", "YAML")};
  }
}

std::string quote(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string result = "'";
  for (const char byte : text.substr(0, longest)) {
    const bool control = static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
    result += control ? '?' : byte;
  }
  result += text.size() > longest ? "...'" : "'";
  return result;
}

std::string describe(const tree& value) {
  switch (value.what) {
    case tree::kind::nothing:
      return "nothing";
    case tree::kind::text:
      return value.quoted ? "the text " + quote(value.text) : quote(value.text);
    case tree::kind::list:
      return value.items.empty() ? "an empty list" : "a list";
    case tree::kind::map:
      return "a map";
  }
  return {};
}

const tree& nearest(const tree& root, std::string_view key) {
  const tree* here = &root;
  while (!key.empty()) {
    const bool in_list = key.front() == '[';
    const std::size_t end = in_list ? key.find(']') + 1 : std::min(key.find_first_of(".["), key.size());
    const std::string_view part = key.substr(0, end);
    const tree* next = nullptr;
    if (in_list) {
      std::size_t index = 0;
      std::from_chars(part.data() + 1, part.data() + part.size() - 1, index);
      if (here->what == tree::kind::list && index < here->items.size()) next = &here->items[index];
    } else {
      next = here->find(part);
    }
    if (next == nullptr) return *here;
    here = next;
    key.remove_prefix(end);
    if (key.starts_with('.')) key.remove_prefix(1);
  }
  return *here;
}

}  // namespace highwater::config
