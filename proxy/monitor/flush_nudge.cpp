#include "proxy/monitor/flush_nudge.hpp"

#include <algorithm>

namespace highwater::proxy {

using routing::instant;
using routing::lsn;
using routing::never;

namespace {

// Commits that are waited for flush by themselves, one after the other: what is awaited comes with one of them.
constexpr std::chrono::milliseconds grace{4};
constexpr std::chrono::milliseconds between{2};
// Whether they do may change.
constexpr unsigned believed_for = 64;

}  // namespace

void flush_nudge::need(lsn floor, instant deadline) noexcept {
  floor_ = std::max(floor_, floor);
  until_ = std::max(until_, deadline);
}

void flush_nudge::primary_at(instant sent, lsn flushed) noexcept {
  const bool awaits = flushed_ < floor_;
  if (awaits && flushed >= floor_) by_itself_ = written_ < stands_ || in_a_row_ >= believed_for;
  if (by_itself_) in_a_row_ = 0;
  if (flushed != flushed_ || !awaits || stands_ == never) stands_ = sent;
  asked_ = sent;
  flushed_ = flushed;
}

instant flush_nudge::worth_at() const noexcept {
  return std::max(by_itself_ ? stands_ + grace : stands_, written_ + between);
}

instant flush_nudge::look_at(instant now) const noexcept {
  return awaited(now) && asked_ != never ? std::max(asked_, worth_at()) : instant::max();
}

bool flush_nudge::due(instant now) noexcept {
  if (!awaited(now) || stands_ == never || std::max(now, asked_) < worth_at()) return false;
  written_ = now;
  ++in_a_row_;
  return true;
}

}  // namespace highwater::proxy
