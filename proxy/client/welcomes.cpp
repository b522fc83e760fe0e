#include "proxy/client/welcomes.hpp"

#include <utility>

namespace highwater::proxy {

namespace {

// Settings are the clients' to choose, and so there may be any number of them.
constexpr std::size_t most = 1024;

}  // namespace

void welcomes::remember(login who, said what) {
  const std::scoped_lock lock(mutex_);
  if (known_.size() >= most) known_.clear();
  known_.insert_or_assign(std::move(who), std::move(what));
}

parameters_ptr welcomes::find(const login& who, routing::node_index primary, const outdated_logins& changes) {
  said found;
  {
    const std::scoped_lock lock(mutex_);
    const auto known = known_.find(who);
    if (known == known_.end() || known->second.node != primary) return nullptr;
    found = known->second;
  }
  const auto role = proxy::find(who.settings, "role").value_or(who.user);
  const auto stands = [&](std::string_view name) {
    return found.begun >= changes.since(found.node, std::string(name), who.database);
  };
  return stands(who.user) && stands(role) ? found.parameters : nullptr;
}

}  // namespace highwater::proxy
