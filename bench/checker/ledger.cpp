#include "bench/checker/ledger.hpp"

#include <algorithm>
#include <array>

namespace highwater::bench {
namespace {

constexpr verdict of(violation kind) {
  return verdict{1ULL << static_cast<unsigned>(kind)};
}

struct promise {
  std::string_view level;
  verdict forbids;
};

const std::array<promise, 8>& promises() {
  static const verdict session = of(violation::own_write) | of(violation::went_back);
  static const verdict causal = session | of(violation::causal);
  static const verdict strong = causal | of(violation::strong);
  static const std::array<promise, 8> table{{
      {"eventual", {}},
      {"bounded", {}},
      {"monotonic_reads", of(violation::went_back)},
      {"read_your_writes", of(violation::own_write)},
      {"session", session},
      {"causal", causal},
      {"strong", strong},
      {"primary", strong},
  }};
  return table;
}

const promise* find_promise(std::string_view level) {
  const auto& table = promises();
  const auto* found = std::find_if(table.begin(), table.end(), [&](const promise& p) { return p.level == level; });
  return found == table.end() ? nullptr : found;
}

}  // namespace

std::string_view to_string(violation kind) noexcept {
  switch (kind) {
    case violation::own_write:
      return "own write not seen";
    case violation::went_back:
      return "read went back";
    case violation::causal:
      return "older than another session was told";
    case violation::strong:
      return "older than what was acknowledged anywhere";
  }
  return "?";
}

bounds ledger::before_read(key_index key) const noexcept {
  const version told = told_[key].value.load();
  return {told, std::max(told, aside_[key].value.load())};
}

void ledger::raise(std::atomic<version>& cell, version seen) noexcept {
  version known = cell.load();
  while (known < seen && !cell.compare_exchange_weak(known, seen)) {
  }
}

void session_memory::wrote(key_index key, version acknowledged) noexcept {
  wrote_[key] = std::max(wrote_[key], acknowledged);
}

void session_memory::read(key_index key, version seen) noexcept {
  read_[key] = std::max(read_[key], seen);
}

void session_memory::forget() noexcept {
  std::fill(wrote_.begin(), wrote_.end(), absent);
  std::fill(read_.begin(), read_.end(), absent);
}

verdict session_memory::judge(key_index key, version seen, const bounds& before) const noexcept {
  verdict found;
  if (seen < wrote_[key]) found |= of(violation::own_write);
  if (seen < read_[key]) found |= of(violation::went_back);
  if (seen < before.told) found |= of(violation::causal);
  if (seen < before.anywhere) found |= of(violation::strong);
  return found;
}

verdict forbidden_by(std::string_view level) noexcept {
  const promise* known = find_promise(level);
  return known ? known->forbids : verdict{};
}

bool is_level(std::string_view name) noexcept {
  return find_promise(name) != nullptr;
}

}  // namespace highwater::bench
