#include "bench/checker/ledger.hpp"

#include "config/level.hpp"

namespace highwater::bench {
namespace {

constexpr verdict of(violation kind) {
  return verdict{1ULL << static_cast<unsigned>(kind)};
}

// What each level rules out. The compiler sees that none is missing.
verdict forbidden(config::level level) noexcept {
  static const verdict session = of(violation::own_write) | of(violation::went_back);
  static const verdict causal = session | of(violation::causal);
  switch (level) {
    case config::level::eventual:
    case config::level::bounded:
      return {};
    case config::level::monotonic_reads:
      return of(violation::went_back);
    case config::level::read_your_writes:
      return of(violation::own_write);
    case config::level::session:
      return session;
    case config::level::causal:
      return causal;
    case config::level::strong:
    case config::level::primary:
      return causal | of(violation::strong);
  }
  return {};
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
  const auto known = named<config::level>(level);
  return known ? forbidden(*known) : verdict{};
}

bool is_level(std::string_view name) noexcept {
  return named<config::level>(name).has_value();
}

}  // namespace highwater::bench
