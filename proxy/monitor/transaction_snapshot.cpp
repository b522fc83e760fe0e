#include "proxy/monitor/transaction_snapshot.hpp"

#include <algorithm>
#include <charconv>

namespace highwater::proxy {

namespace {

bool parse_id(std::string_view digits, transaction_id& id) noexcept {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return error == std::errc{} && end == digits.data() + digits.size();
}

}  // namespace

bool transaction_snapshot::has_ended(transaction_id id) const noexcept {
  return id < xmax && !std::ranges::binary_search(running, id);
}

std::optional<std::vector<transaction_id>> parse_ids(std::string_view text) {
  std::vector<transaction_id> ids;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (!parse_id(text.substr(0, comma), ids.emplace_back())) return std::nullopt;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  std::ranges::sort(ids);
  return ids;
}

std::optional<transaction_snapshot> parse_snapshot(std::string_view text) {
  const auto first = text.find(':');
  const auto second = first == text.npos ? text.npos : text.find(':', first + 1);
  if (second == text.npos) return std::nullopt;
  transaction_snapshot snapshot;
  auto running = parse_ids(text.substr(second + 1));
  if (!running || !parse_id(text.substr(first + 1, second - first - 1), snapshot.xmax)) return std::nullopt;
  snapshot.running = std::move(*running);
  return snapshot;
}

transaction_id with_epoch(std::uint32_t id, transaction_id near) noexcept {
  const auto distance = static_cast<std::int32_t>(id - static_cast<std::uint32_t>(near));
  return near + static_cast<transaction_id>(static_cast<std::int64_t>(distance));
}

}  // namespace highwater::proxy
