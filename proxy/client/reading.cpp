#include "proxy/client/reading.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "proxy/client/conversation.hpp"

namespace highwater::proxy {

namespace {

// How much of what a client sends is held while a server is busy; then the client has to wait.
constexpr std::size_t read_ahead = 64U << 10U;
constexpr std::size_t enough_for_login = 4096;

// Whoever has not been let in yet is lent no buffer: they may come in thousands, and say nothing.
std::size_t make_room(conversation& talk, std::string& input) {
  if (talk.greets) return enough_for_login;
  if (input.capacity() < buffer_pool::usual_size) {
    auto lent = talk.worker.buffers.take();
    lent.append(input);
    input = std::move(lent);
  }
  return std::max(input.capacity() - input.size(), std::size_t{4096});
}

}  // namespace

stream::read_result read_some(conversation& talk) {
  auto& input = talk.work->inbox.buffer();
  auto& scratch = talk.worker.scratch;
  const auto room = make_room(talk, input);
  const auto got = talk.socket.read(scratch.data(), std::min(room, scratch.size()));
  input.append(scratch, 0, got.size);
  if (talk.kind) talk.kind->database.usage.received_bytes += got.size;
  return got;
}

// A batch that is not complete yet is read to its end, however long; behind one that has to wait, only so much.
bool has_room(const conversation& talk, bool waits) {
  const auto* work = talk.work.get();
  const bool held = waits || (work != nullptr && (work->inbox.batch().held() || work->yielded));
  const bool room = work == nullptr || talk.input().size() < read_ahead || !held;
  const bool reads_its_answers = talk.socket.pending() < read_ahead;
  return room && !floods_server(talk) && reads_its_answers;
}

bool floods_server(const conversation& talk) {
  return talk.leased() && talk.connection().unsent() > read_ahead;
}

void let_go_of_sent(conversation& talk) {
  auto& now = *talk.work;
  auto& flights = now.exchange.flights;
  const auto again = std::find_if(flights.begin(), flights.end(), [](const flight& one) { return one.retryable; });
  const auto gone = now.inbox.compact(again == flights.end() ? now.inbox.begin() : again->begin);
  for (auto& one : flights) one.begin = one.begin >= gone ? one.begin - gone : 0;
  constexpr std::size_t much = 8 * buffer_pool::usual_size;
  auto& bytes = now.inbox.buffer();
  if (bytes.empty() && bytes.capacity() > much) bytes = std::string();
}

bool may_rest(const conversation& talk) {
  const auto& now = *talk.work;
  return !talk.leased() && now.inbox.empty() && !now.passage.waits() && !now.exchange.changes.pending();
}

void rest(conversation& talk) {
  talk.work->stall.end();
  talk.worker.buffers.give(std::move(talk.work->inbox.buffer()));
  talk.work = nullptr;
}

}  // namespace highwater::proxy
