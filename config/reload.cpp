#include "config/reload.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "config/load.hpp"

namespace highwater::config {
namespace {

// An option that is read at the start only.
struct fixed_option {
  std::string_view key;
  std::function<bool(const config&, const config&)> same;
  std::function<void(const config& from, config& to)> keep;
};

// `member` gives the option of a configuration, which may be const.
template <class Member>
fixed_option fixed(std::string_view key, Member member) {
  return {key, [member](const config& a, const config& b) { return member(a) == member(b); },
          [member](const config& from, config& to) { member(to) = member(from); }};
}

const std::vector<fixed_option>& fixed_options() {
  static const std::vector<fixed_option> all = {
      fixed(
          "listen.address", [](auto& of) -> auto& { return of.listen.address; }),
      fixed(
          "listen.port", [](auto& of) -> auto& { return of.listen.port; }),
      fixed(
          "listen.unix_socket", [](auto& of) -> auto& { return of.listen.unix_socket; }),
      fixed(
          "http", [](auto& of) -> auto& { return of.http; }),
      fixed(
          "zone", [](auto& of) -> auto& { return of.zone; }),
      fixed(
          "workers", [](auto& of) -> auto& { return of.workers; }),
      fixed(
          "auth.query", [](auto& of) -> auto& { return of.auth.query; }),
      fixed(
          "cluster.monitor", [](auto& of) -> auto& { return of.cluster.monitor; }),
      fixed(
          "pool.mode", [](auto& of) -> auto& { return of.pool.mode; }),
      fixed(
          "admin.unix_socket", [](auto& of) -> auto& { return of.admin.unix_socket; }),
  };
  return all;
}

// By their keys, the lines that belong to each top-level section.
std::map<std::string, std::string, std::less<>> sections(const config& of) {
  std::map<std::string, std::string, std::less<>> found;
  std::string* in = nullptr;
  const std::string yaml = to_yaml(of);
  for (std::size_t begin = 0; begin < yaml.size();) {
    const auto end = yaml.find('\n', begin) + 1;
    const auto line = std::string_view(yaml).substr(begin, end - begin);
    if (line.front() != ' ') in = &found[std::string(line.substr(0, line.find(':')))];
    if (in != nullptr) in->append(line);
    begin = end;
  }
  return found;
}

}  // namespace

bool needs_restart(std::string_view key) {
  return std::ranges::any_of(fixed_options(), [key](const fixed_option& one) {
    if (!key.starts_with(one.key)) return false;
    const auto rest = key.substr(one.key.size());
    return rest.empty() || rest.front() == '.' || rest.front() == '[';
  });
}

reload plan_reload(const config& running, const config& wanted, const node_places& places) {
  reload plan{wanted, {}, {}, {}};
  for (const auto& option : fixed_options()) {
    if (option.same(running, wanted)) continue;
    plan.kept.emplace_back(option.key);
    option.keep(running, plan.effective);
  }
  auto nodes = places.plan(plan.effective.cluster);
  if (!nodes) {
    plan.kept.emplace_back("cluster.nodes");
    plan.effective.cluster = running.cluster;
    nodes = places.plan(running.cluster);
  }
  plan.nodes = std::move(nodes).value_or(node_changes{});
  const auto before = sections(running);
  for (const auto& [key, text] : sections(plan.effective)) {
    const auto known = before.find(key);
    if (known == before.end() || known->second != text) plan.changed.push_back(key);
  }
  return plan;
}

}  // namespace highwater::config
