#include "config/node_places.hpp"

#include <algorithm>

namespace highwater::config {
namespace {

node resolved(const cluster& in, node one) {
  const auto tls = tls_of(in, one);
  one.tls = {tls.mode, tls.ca, tls.certificate, tls.key};
  return one;
}

// Which share of the reads it gets, and where it stands, makes it no other server.
bool is_same_place(const node& left, const node& right) {
  return left.name == right.name && left.host == right.host && left.port == right.port && left.tls == right.tls;
}

}  // namespace

node_places::node_places(const cluster& first, std::size_t spare)
    : all_(first), used_(first.nodes.size()), in_force_(used_, true) {
  for (auto& one : all_.nodes) one = resolved(first, one);
  all_.nodes.resize(used_ + spare);
  in_force_.resize(used_ + spare);
}

std::optional<std::size_t> node_places::known(const node& which) const {
  for (std::size_t place = 0; place < used_; ++place) {
    if (is_same_place(all_.nodes[place], which)) return place;
  }
  return std::nullopt;
}

std::optional<node_changes> node_places::plan(const cluster& wanted) const {
  node_changes changes;
  auto next = used_;
  std::vector<bool> stays(all_.nodes.size());
  for (const auto& each : wanted.nodes) {
    auto one = resolved(wanted, each);
    const auto place = known(one).value_or(next);
    if (place == next && ++next > all_.nodes.size()) return std::nullopt;
    if (!in_force_[place]) changes.added.push_back(place);
    stays[place] = true;
    changes.in_force.push_back({place, std::move(one)});
  }
  for (std::size_t place = 0; place < used_; ++place) {
    if (in_force_[place] && !stays[place]) changes.removed.push_back(place);
  }
  return changes;
}

void node_places::make(const node_changes& planned) {
  for (const auto& [place, node] : planned.in_force) {
    if (place >= used_) all_.nodes[place] = node;
  }
  for (const auto place : planned.added) {
    in_force_[place] = true;
    used_ = std::max(used_, place + 1);
  }
  for (const auto place : planned.removed) in_force_[place] = false;
}

}  // namespace highwater::config
