#include "config/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "config/read.hpp"

namespace highwater::config {
namespace {

load_result fail(std::string found, std::string expected) {
  load_result result;
  result.mistakes.push_back({0, 0, "", std::move(found), std::move(expected)});
  return result;
}

void name_nodes(std::vector<node>& nodes) {
  for (node& each : nodes) {
    if (!each.name.empty() || each.host.empty()) continue;
    const bool ipv6 = each.host.find(':') != std::string::npos;
    each.name = (ipv6 ? "[" + each.host + "]" : each.host) + ":" + std::to_string(each.port);
  }
}

// What is named without a leading slash is where the configuration is.
void locate_files(config& value, const std::filesystem::path& folder) {
  const auto locate = [&](std::string& file) {
    if (!file.empty()) file = (folder / file).lexically_normal().string();
  };
  for (auto* each : {&value.listen.tls.certificate, &value.listen.tls.key, &value.listen.tls.client_ca,
                     &value.cluster.tls.ca, &value.cluster.tls.certificate, &value.cluster.tls.key})
    locate(*each);
  for (auto& rule : value.auth.rules) locate(rule.ldap.ca);
  for (auto& node : value.cluster.nodes) {
    for (auto* each : {&node.tls.ca, &node.tls.certificate, &node.tls.key}) {
      if (*each) locate(**each);
    }
  }
}

}  // namespace

server_tls tls_of(const cluster& all, const node& one) {
  const auto& own = one.tls;
  return {own.mode.value_or(all.tls.mode), own.ca.value_or(all.tls.ca), own.certificate.value_or(all.tls.certificate),
          own.key.value_or(all.tls.key)};
}

std::string to_string(const mistake& what, std::string_view file) {
  std::string result(file);
  if (what.line > 0) result += ":" + std::to_string(what.line) + ":" + std::to_string(what.column);
  if (!what.key.empty()) result += ": " + what.key;
  return result + ": found " + what.found + ", expected " + what.expected;
}

load_result load_text(std::string_view yaml) {
  load_result result;
  const parsed_tree parsed = parse_tree(yaml);
  if (parsed.error) {
    result.mistakes.push_back(*parsed.error);
    return result;
  }
  if (parsed.root.what == tree::kind::nothing) return fail("an empty file", "a configuration with cluster.nodes");
  read_section(schema(), parsed.root, &result.config, "", result.mistakes);
  if (result.mistakes.size() < most_mistakes) check(result.config, parsed.root, result.mistakes);
  name_nodes(result.config.cluster.nodes);
  std::stable_sort(result.mistakes.begin(), result.mistakes.end(), [](const mistake& left, const mistake& right) {
    return std::tie(left.line, left.column) < std::tie(right.line, right.column);
  });
  return result;
}

load_result load_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(max_document_bytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return fail(std::string("a file that cannot be read (") + std::strerror(errno) + ")", "a configuration file");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  auto result = load_text(text);
  locate_files(result.config, std::filesystem::path(path).parent_path());
  return result;
}

}  // namespace highwater::config
