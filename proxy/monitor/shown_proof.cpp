#include "proxy/monitor/shown_proof.hpp"

#include <algorithm>
#include <utility>

namespace highwater::proxy {

using routing::instant;
using routing::never;
using routing::node_index;
using routing::shown_by;

namespace {

// A demand that nobody repeats is forgotten: whoever waits looks again with every view.
constexpr std::chrono::milliseconds patience{200};

}  // namespace

// A demand outlives what was known: who waits does so still.
void shown_proof::primary_began() {
  ++life_;
  asked_primary_ = never;
  text_.clear();
  primary_ = {};
  at_ = 0;
  everybody_.forget();
  for (auto& one : nodes_) {
    one.forget();
    one.at = 0;
    one.answered = never;
  }
}

void shown_proof::replica_began(node_index node) {
  nodes_[node] = {};
}

proof_question shown_proof::question(node_index node, bool is_primary, instant now) {
  if (is_primary) return {{}, everybody_.unmet(now)};
  nodes_[node].asked_in = life_;
  return {text_, false};
}

void shown_proof::attempts::add(attempt one) {
  if (one.pending.empty()) {
    settled = std::move(one);
    oldest = newest = {};
  } else if (oldest.through == never) {
    oldest = std::move(one);
  } else {
    newest = std::move(one);
  }
}

void shown_proof::attempts::look(const transaction_snapshot& primary) {
  const auto ended = [&](transaction_id id) { return primary.has_ended(id); };
  for (auto* one : {&oldest, &newest}) {
    if (one->through == never) continue;
    std::erase_if(one->pending, ended);
    if (one->pending.empty()) settled = std::exchange(*one, {});
  }
  if (oldest.through == never) oldest = std::exchange(newest, {});
  if (oldest.through <= settled.through) oldest = {};
}

void shown_proof::keep_position(const attempts& of) noexcept {
  at_ = std::max(at_, of.settled.at);
}

void shown_proof::primary_said(instant sent, std::string text, transaction_snapshot snapshot,
                               const std::optional<std::vector<transaction_id>>& census) {
  asked_primary_ = sent;
  text_ = std::move(text);
  primary_ = std::move(snapshot);
  for (auto& one : nodes_) {
    one.look(primary_);
    keep_position(one);
  }
  if (census) {
    // Who is not in a later census has ended, or was seen at something else than a commit.
    const auto left_out = [&](transaction_id id) { return !std::ranges::binary_search(*census, id); };
    for (auto* one : {&everybody_.oldest, &everybody_.newest}) std::erase_if(one->pending, left_out);
  }
  everybody_.look(primary_);
  if (census) {
    attempt one{sent, 0, *census};
    std::erase_if(one.pending, [&](transaction_id id) { return primary_.has_ended(id); });
    everybody_.add(std::move(one));
  }
}

void shown_proof::replica_said(node_index node, instant sent, routing::lsn at,
                               const std::optional<std::vector<transaction_id>>& committed) {
  auto& one = nodes_[node];
  attempt next{sent, std::exchange(one.at, at), {}};
  one.answered = sent;
  if (!committed || one.asked_in != life_) return;
  std::ranges::remove_copy_if(*committed, std::back_inserter(next.pending),
                              [&](transaction_id id) { return primary_.has_ended(id); });
  one.add(std::move(next));
  keep_position(one);
}

void shown_proof::need(shown_by whom, node_index node, instant since, instant now) {
  const auto add = [&](attempts& to) {
    if (now >= to.wanted.until) to.wanted.since = never;
    to.wanted.since = std::max(to.wanted.since, since);
    to.wanted.until = now + patience;
  };
  if (whom == shown_by::anybody) {
    add(everybody_);
  } else if (whom == shown_by::one_node) {
    add(nodes_[node]);
  } else {
    for (auto& one : nodes_) add(one);
  }
}

// The longer a commit takes, the less often it is looked after, down to the ordinary beat.
instant shown_proof::next_look(const attempts& of) const noexcept {
  const auto since = of.oldest.through == never ? asked_primary_ : of.oldest.through;
  const auto gap = std::clamp<routing::duration>((asked_primary_ - since) / 2, pace_.quickest, pace_.slowest);
  return asked_primary_ + gap;
}

proof_wish shown_proof::wish(node_index node, bool is_primary, instant now) const {
  proof_wish wish;
  const auto also = [&](instant since, instant at) {
    wish.since = std::max(wish.since, since);
    wish.at = std::min(wish.at, at);
  };
  constexpr auto not_again = instant::max();
  if (!is_primary) {
    const auto& one = nodes_[node];
    if (!one.unmet(now)) return wish;
    // An answer that came to nothing was about too many ids, or about another life of the primary.
    const bool in_vain = one.answered >= one.wanted.since && !one.under_way() && asked_primary_ > one.answered;
    also(in_vain ? asked_primary_ : one.wanted.since, not_again);
    return wish;
  }
  for (const auto& one : nodes_) {
    if (!one.unmet(now)) continue;
    const bool in_vain = one.answered >= one.wanted.since && !one.under_way();
    also(in_vain && asked_primary_ <= one.answered ? one.answered : one.wanted.since,
         one.under_way() ? next_look(one) : not_again);
  }
  if (everybody_.unmet(now)) also(everybody_.wanted.since, next_look(everybody_));
  return wish;
}

}  // namespace highwater::proxy
