#include "proxy/process/reloader.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "config/load.hpp"

namespace highwater::proxy {

namespace {

reloader::outcome refuse(const std::string& file, std::vector<std::string> mistakes) {
  for (const auto& each : mistakes) spdlog::error("{}", each);
  spdlog::error("{} is not applied: the configuration stays as it was", file);
  return {false, std::move(mistakes), {}};
}

}  // namespace

reloader::outcome reloader::reload() {
  const auto loaded = config::load_file(file_);
  if (!loaded) {
    std::vector<std::string> mistakes;
    for (const auto& each : loaded.mistakes) mistakes.push_back(config::to_string(each, file_));
    return refuse(file_, std::move(mistakes));
  }
  const auto plan = plan_(loaded.config);
  try {
    apply_(plan);
  } catch (const std::exception& why) {
    return refuse(file_, {why.what()});
  }
  if (!plan.kept.empty()) spdlog::warn("these need a restart to be applied: {}", fmt::join(plan.kept, ", "));
  spdlog::info("{} has been read anew; other than before: {}", file_,
               plan.changed.empty() ? "nothing but secrets and certificates, if anything"
                                    : fmt::format("{}", fmt::join(plan.changed, ", ")));
  return {true, {}, plan.kept};
}

}  // namespace highwater::proxy
