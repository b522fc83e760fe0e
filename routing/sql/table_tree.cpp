#include "routing/sql/table_tree.hpp"

#include <algorithm>

#include "routing/sql/table_pattern.hpp"

namespace highwater::sql {
namespace {

class forest {
public:
  explicit forest(std::span<const catalog_inheritance> tree) {
    for (const auto& [schema, name, parent_schema, parent_name] : tree) {
      const auto child = place_of({schema, name}), parent = place_of({parent_schema, parent_name});
      nodes_[child].parents.push_back(parent);
      nodes_[parent].children.push_back(child);
    }
  }

  void add(const std::string& pattern) {
    std::vector<bool> matches(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) matches[i] = matches_table(pattern, nodes_[i].table);
    auto named = matches;
    for (const auto next : {&node::parents, &node::children}) {
      std::vector<bool> seen(nodes_.size());
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (matches[i]) spread(i, next, seen, named);
      }
    }
  }

  table_relatives take() && {
    table_relatives all;
    for (auto& each : nodes_) {
      if (!each.relatives.empty()) all.emplace(std::move(each.table), std::move(each.relatives));
    }
    return all;
  }

private:
  struct node {
    relation table;
    std::vector<std::size_t> parents{}, children{};
    std::vector<relation> relatives{};
  };

  std::size_t place_of(const relation& table) {
    const auto [place, is_new] = places_.try_emplace(table, nodes_.size());
    if (is_new) nodes_.push_back({table});
    return place->second;
  }

  // From `origin` in one direction. What has been seen has been spread from already, and has a name for it.
  void spread(std::size_t origin, std::vector<std::size_t> node::*next, std::vector<bool>& seen,
              std::vector<bool>& named) {
    std::vector<std::size_t> open{origin};
    while (!open.empty()) {
      const auto at = open.back();
      open.pop_back();
      for (const auto other : nodes_[at].*next) {
        if (seen[other]) continue;
        seen[other] = true;
        open.push_back(other);
        if (named[other]) continue;
        named[other] = true;
        nodes_[other].relatives.push_back(nodes_[origin].table);
      }
    }
  }

  std::map<relation, std::size_t> places_;
  std::vector<node> nodes_;
};

}  // namespace

table_relatives relatives_of(std::span<const catalog_inheritance> tree, std::span<const std::string> patterns) {
  forest all(tree);
  for (const auto& pattern : patterns) all.add(pattern);
  return std::move(all).take();
}

}  // namespace highwater::sql
