#include "bench/checker/metrics_text.hpp"

#include <cstdlib>
#include <string>

namespace highwater::bench {
namespace {

std::string_view next_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return line;
}

// The quote that ends a label's value: one that is not escaped.
std::size_t closing_quote(std::string_view text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i;
    }
  }
  return std::string_view::npos;
}

struct sample {
  std::string_view labels;  // between the braces
  std::string_view value;
};

bool parse(std::string_view line, std::string_view name, sample& out) {
  if (line.substr(0, name.size()) != name) return false;
  line.remove_prefix(name.size());
  out.labels = {};
  if (!line.empty() && line.front() == '{') {
    std::size_t at = 1;
    while (at < line.size() && line[at] != '}') {
      if (line[at] == '"') at = closing_quote(line, at + 1);
      if (at == std::string_view::npos) return false;
      ++at;
    }
    if (at >= line.size()) return false;
    out.labels = line.substr(1, at - 1);
    line.remove_prefix(at + 1);
  }
  if (line.empty() || line.front() != ' ') return false;
  out.value = line.substr(1);
  return true;
}

bool has(std::string_view labels, const label& wanted) {
  while (!labels.empty()) {
    const auto quote = labels.find('"');
    if (quote == std::string_view::npos || quote == 0) return false;
    const auto end = closing_quote(labels, quote + 1);
    if (end == std::string_view::npos) return false;
    if (labels.substr(0, quote - 1) == wanted.first && labels.substr(quote + 1, end - quote - 1) == wanted.second)
      return true;
    labels.remove_prefix(end + 1);
    while (!labels.empty() && (labels.front() == ',' || labels.front() == ' ')) labels.remove_prefix(1);
  }
  return false;
}

}  // namespace

double sum_of(std::string_view exposition, std::string_view name, std::initializer_list<label> with) {
  double sum = 0;
  sample found;
  while (!exposition.empty()) {
    if (!parse(next_line(exposition), name, found)) continue;
    bool matches = true;
    for (const auto& wanted : with) matches = matches && has(found.labels, wanted);
    if (matches) sum += std::strtod(std::string{found.value}.c_str(), nullptr);
  }
  return sum;
}

}  // namespace highwater::bench
