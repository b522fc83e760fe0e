#include "proxy/client/time_limits.hpp"

#include <array>

namespace highwater::proxy {

using routing::never;

// Of what is sent behind each other without waiting, the next begins when the one before is answered.
void time_limits::look(const standing& now_is, routing::instant now) noexcept {
  const bool next_query = now_is.answered != is_.answered;
  const bool next_transaction = now_is.transactions != is_.transactions;
  if (!now_is.on_server || next_query) query_ = canceled_ = never;
  if (now_is.on_server && query_ == never) query_ = now;
  const bool works = now_is.on_server || now_is.in_transaction;
  if (!works || next_transaction) transaction_ = never;
  if (works && transaction_ == never) transaction_ = now;
  if (now_is.under_way) {
    idle_ = never;
  } else if (idle_ == never || next_query || now_is.asked != is_.asked) {
    idle_ = now;
  }
  is_ = now_is;
}

time_limits::deadline time_limits::first(const config::timeouts& limits) const noexcept {
  const auto after = [](routing::instant since, config::milliseconds limit) {
    return since == never || limit.count() == 0 ? never : since + limit;
  };
  const bool is_canceled = canceled_ != never;
  const std::array all = {
      deadline{excess::deaf, after(canceled_, limits.cleaning)},
      deadline{excess::query, is_canceled ? never : after(query_, limits.query)},
      deadline{excess::transaction, is_canceled ? never : after(transaction_, limits.transaction)},
      deadline{excess::idle_in_transaction, is_.in_transaction ? after(idle_, limits.idle_in_transaction) : never},
      deadline{excess::client_idle, is_.in_transaction ? never : after(idle_, limits.client_idle)},
  };
  deadline earliest;
  for (const auto& one : all) {
    if (one.at != never && (earliest.at == never || one.at < earliest.at)) earliest = one;
  }
  return earliest;
}

time_limits::excess time_limits::exceeded(const config::timeouts& limits, routing::instant now) const noexcept {
  const auto next = first(limits);
  return next.at != never && now >= next.at ? next.what : excess::none;
}

routing::instant time_limits::next(const config::timeouts& limits) const noexcept {
  return first(limits).at;
}

}  // namespace highwater::proxy
