#include "proxy/monitor/catch_up.hpp"

#include <algorithm>
#include <utility>

namespace highwater::proxy {

using routing::duration;
using routing::instant;
using routing::lsn;
using routing::never;

// Who falls behind is believed at once, who gets better by and by.
void catch_up::at_least(duration bound) noexcept {
  expected_ = std::max(expected_, bound);
}

void catch_up::at_most(duration bound) noexcept {
  if (expected_ > bound) expected_ -= (expected_ - bound + duration(1)) / 2;
}

void catch_up::primary_at(instant sent, lsn at, lsn flushed) noexcept {
  for (auto* one : {&awaited_, &newest_}) {
    if (one->at != 0 && one->flushed == never && flushed >= one->at) one->flushed = sent;
  }
  if (at <= newest_.at) return;
  newest_ = {sent, at, flushed >= at ? sent : never};
  if (awaited_.at == 0) awaited_ = newest_;
}

void catch_up::reached(instant answered) noexcept {
  const auto since = awaited_.flushed == never ? awaited_.sent : awaited_.flushed;
  if (answered > since) at_most(answered - since);
}

void catch_up::replica_at(instant sent, instant answered, lsn at) noexcept {
  if (awaited_.at != 0 && at >= awaited_.at) {
    reached(answered);
    awaited_ = at < newest_.at ? newest_ : place{};
  }
  if (awaited_.at != 0 && awaited_.flushed != never && sent > awaited_.flushed) at_least(sent - awaited_.flushed);
}

}  // namespace highwater::proxy
