#include "tests/support/http.hpp"

#include <sstream>
#include <stdexcept>

#include "tests/support/raw_client.hpp"

namespace highwater::testing_support {
namespace {

// Label values are taken as they are written: none of ours contains a quote or a backslash.
labels parse_labels(const std::string& text) {
  labels found;
  std::size_t at = 0;
  for (;;) {
    const auto equals = text.find("=\"", at);
    if (equals == std::string::npos) return found;
    const auto end = text.find('"', equals + 2);
    if (end == std::string::npos) return found;
    found[text.substr(at, equals - at)] = text.substr(equals + 2, end - equals - 2);
    at = end + 2;  // past the quote and the comma
  }
}

struct sample {
  std::string name;
  labels carried;
  double value = 0;
};

std::optional<sample> parse_sample(const std::string& line) {
  if (line.empty() || line.front() == '#') return std::nullopt;
  const auto name_end = line.find_first_of("{ ");
  const auto labels_end = line.rfind('}');
  const auto value_at = labels_end == std::string::npos ? name_end : labels_end + 1;
  if (name_end == std::string::npos || value_at >= line.size()) return std::nullopt;
  sample found{line.substr(0, name_end), {}, std::stod(line.substr(value_at))};
  if (line[name_end] == '{') found.carried = parse_labels(line.substr(name_end + 1, labels_end - name_end - 1));
  return found;
}

bool carries_all(const labels& carried, const labels& wanted) {
  for (const auto& [name, value] : wanted) {
    const auto found = carried.find(name);
    if (found == carried.end() || found->second != value) return false;
  }
  return true;
}

}  // namespace

http_answer http_get(std::uint16_t port, const std::string& path, milliseconds limit) {
  raw::client connection(port);
  connection.send("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  const deadline end(limit);
  std::string text;
  while (auto byte = connection.read_byte(milliseconds(end.left_ms()))) text += *byte;
  const auto head_end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || head_end == std::string::npos) {
    throw std::runtime_error("not an HTTP answer to GET " + path + ": " + text.substr(0, 200));
  }
  return {std::stoi(text.substr(9, 3)), text.substr(head_end + 4)};
}

std::optional<double> sample_of(const std::string& prometheus_page, const std::string& name, const labels& wanted) {
  std::optional<double> sum;
  std::istringstream lines(prometheus_page);
  for (std::string line; std::getline(lines, line);) {
    const auto found = parse_sample(line);
    if (found && found->name == name && carries_all(found->carried, wanted)) sum = sum.value_or(0) + found->value;
  }
  return sum;
}

}  // namespace highwater::testing_support
