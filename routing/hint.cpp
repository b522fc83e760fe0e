#include "routing/hint.hpp"

#include <algorithm>

namespace highwater::routing {
namespace {

constexpr std::string_view prefix = "highwater:";
constexpr std::string_view separators = " \t\n\r\f,";

void apply(std::string_view pair, hint& into) noexcept {
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos || pair.substr(0, equals) != "level") {
    into.bad = true;
    return;
  }
  const auto level = config::parse_level(pair.substr(equals + 1));
  into.bad |= !level;
  if (level) into.level = level;
}

}  // namespace

std::optional<hint> parse_hint(std::string_view comment) noexcept {
  comment.remove_prefix(std::min(comment.find_first_not_of(separators), comment.size()));
  if (!comment.starts_with(prefix)) return std::nullopt;
  comment.remove_prefix(prefix.size());
  hint found;
  while (true) {
    comment.remove_prefix(std::min(comment.find_first_not_of(separators), comment.size()));
    if (comment.empty()) return found;
    const auto end = std::min(comment.find_first_of(separators), comment.size());
    apply(comment.substr(0, end), found);
    comment.remove_prefix(end);
  }
}

}  // namespace highwater::routing
