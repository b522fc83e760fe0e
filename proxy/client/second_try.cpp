#include "proxy/client/second_try.hpp"

#include "proxy/client/conversation.hpp"
#include "proxy/client/lease.hpp"
#include "proxy/wire/first_reply.hpp"

namespace highwater::proxy {

bool may_retry(const conversation& talk) noexcept {
  const auto& flights = talk.under_way().flights;
  return !flights.empty() && flights.front().retryable;
}

first_words judge_first_words(conversation& talk, std::string_view bytes) {
  using enum first_words::verdict;
  using said = wire::first_reply::verdict;
  auto& now = *talk.work;
  auto& one = talk.under_way().flights.front();
  const auto first = wire::judge_first_reply(bytes, one.parses);
  if (first.what == said::undecided) return {undecided};
  if (first.what == said::refused && now.attempt.has_elsewhere(first.why, now.passage.circumstances()))
    return {refused, first.why};
  one.retryable = false;
  return {answered};
}

std::size_t leave_refusing(conversation& talk, std::string_view bytes, wire::replica_refusal why) {
  auto& connection = talk.connection();
  talk.work->attempt.refused_by(connection.node(), why, talk.under_way().flights.size() == 1);
  if (why == wire::replica_refusal::shutdown) {
    talk.worker.node_suspect(connection.node());
    drop_lease(talk);
    return bytes.size();
  }
  const auto used = connection.skip(bytes);
  release(talk);
  return used;
}

void take_back(conversation& talk) {
  auto& now = *talk.work;
  if (talk.client.prepared) talk.client.prepared->revoke_all();
  now.inbox.back_to(now.exchange.flights.front().begin);
  now.exchange.flights.clear();
}

void place_anew(conversation& talk, metrics::retry_cause cause) {
  talk.worker.probe.retried(cause);
  talk.work->attempt.try_again();
  talk.work->needs.clear();
}

}  // namespace highwater::proxy
