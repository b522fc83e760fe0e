#include "proxy/process/reloader.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "config/assign.hpp"
#include "config/load.hpp"

namespace highwater::proxy {

reloader::outcome reloader::refuse(std::vector<std::string> mistakes) const {
  for (const auto& each : mistakes) spdlog::error("{}", each);
  spdlog::error("{} is not applied: the configuration stays as it was", file_);
  return {false, std::move(mistakes), {}};
}

// What is wrong, if anything.
std::optional<std::string> reloader::try_to_apply(const config::reload& plan) {
  try {
    apply_(plan);
    return std::nullopt;
  } catch (const std::exception& why) {
    return why.what();
  }
}

reloader::outcome reloader::reload() {
  const auto loaded = config::load_file(file_);
  if (!loaded) {
    std::vector<std::string> mistakes;
    for (const auto& each : loaded.mistakes) mistakes.push_back(config::to_string(each, file_));
    return refuse(std::move(mistakes));
  }
  const auto plan = plan_(loaded.config);
  if (auto why = try_to_apply(plan)) return refuse({std::move(*why)});
  if (!plan.kept.empty()) spdlog::warn("these need a restart to be applied: {}", fmt::join(plan.kept, ", "));
  spdlog::info("{} has been read anew; other than before: {}", file_,
               plan.changed.empty() ? "nothing but secrets and certificates, if anything"
                                    : fmt::format("{}", fmt::join(plan.changed, ", ")));
  return {true, {}, plan.kept};
}

reloader::outcome reloader::set(const std::string& key, const std::string& value) {
  auto wanted = running_();
  if (const auto mistake = config::assign(wanted, key, value)) return {false, {config::to_string(*mistake, "SET")}, {}};
  if (config::needs_restart(key)) return {false, {}, {key}};
  const auto plan = plan_(wanted);
  if (!plan.kept.empty()) return {false, {}, plan.kept};
  if (auto why = try_to_apply(plan)) return {false, {std::move(*why)}, {}};
  spdlog::info("{} is another one now, until {} is read again", key, file_);
  return {true, {}, {}};
}

}  // namespace highwater::proxy
