#include "proxy/client/passing.hpp"

#include <optional>
#include <string>
#include <utility>

#include "proxy/client/conversation.hpp"
#include "proxy/client/message_writer.hpp"
#include "proxy/client/preparing.hpp"
#include "proxy/client/requests.hpp"
#include "proxy/client/streamed.hpp"

namespace highwater::proxy {

namespace {

// What libpq keeps back of copy data until it has more, in whatever place of a message that is.
constexpr std::uint64_t kept_back = 8U << 10U;

passed violation(std::string why) {
  return {passed::outcome::violation, {std::string(wire::sqlstate::protocol_violation), std::move(why), "", ""}};
}

void fail_copy(conversation& talk) {
  std::string out;
  wire::writer(out, wire::frontend::copy_fail).c_string("unexpected message during COPY from stdin");
  talk.connection().send(out);
  talk.under_way().held.copy_in = false;
}

// Would what it prepares be more than a session may have?
std::optional<wire::error> keeps_too_much(conversation& talk, const wire::frame& message) {
  if (message.type != wire::frontend::parse) return std::nullopt;
  const auto parse = *wire::read_parse(message.body());
  const auto cost = prepared_names::cost(parse.name, parse.query.size() + parse.parameter_types.size());
  return too_much_prepared(parse.name.empty() ? 0 : cost, talk.stands());
}

void note_bound(conversation& talk, const wire::frame& bind) {
  const auto* prepared = talk.client.find_named(wire::read_bind_names(bind.body())->statement);
  talk.under_way().note_effects_of(prepared, talk.client, writes(talk).verdict_on);
}

void end_stream(conversation& talk, bool no_ready) {
  flight one;
  one.writes = true;
  one.no_ready = no_ready;
  talk.under_way().streaming = false;
  talk.under_way().take_off(one);
}

void send_streamed(conversation& talk, const streamed& next) {
  const auto& message = next.message;
  auto& out = talk.worker.out_scratch;
  out.clear();
  std::string told;
  const auto about = writes(talk);
  message_writer writer(about, out, told);
  writer.write_deferred_begin();
  if (next.may_leave_anything()) talk.server().soil();
  if (message.type == wire::frontend::bind) note_bound(talk, message);
  writer.write(message);
  if (!told.empty()) talk.write(told);
  talk.connection().send_and_read(out);
  answer_due_locals(talk);
  talk.work->inbox.pass_rest_of(message);
  talk.work->inbox.consume(message.available.size());
  if (next.ends()) end_stream(talk, false);
}

// A statement behind it is looked at like any other that comes behind what no Sync has ended. What that waits for may
// depend on answers.
void leave_stream(conversation& talk) {
  end_stream(talk, true);
  ask_for_answers(talk);
}

}  // namespace

bool pass_piece(conversation& talk) {
  auto& inbox = talk.work->inbox;
  const auto piece = inbox.piece();
  if (piece.empty()) return false;
  if (!inbox.drops() && talk.leased()) talk.connection().send(piece);
  inbox.passed(piece.size());
  // The answer may have come before the message's end: a copy that failed.
  ask_for_late_syncs(talk);
  return true;
}

passed pass_copy(conversation& talk) {
  const auto next = next_of_copy(talk.input(), talk.worker.settings->limits.max_message_bytes);
  const auto size = next.message.available.size();
  auto& held = talk.under_way().held;
  switch (next.what) {
    case copy_move::wait:
      return {};
    case copy_move::violation:
      return violation("invalid message length during COPY");
    case copy_move::leave:
      return {passed::outcome::leave};
    case copy_move::unexpected:
      fail_copy(talk);
      return {passed::outcome::more};
    case copy_move::pass:
      talk.connection().send(next.message.available);
      talk.work->inbox.pass_rest_of(next.message);
      break;
    case copy_move::end:
      talk.connection().send(next.message.available);
      held.copy_in = held.flushed = false;  // the answer to this is yet to be asked for
      break;
    case copy_move::sync:
      talk.connection().send(next.message.available);
      talk.server().sync_within_copy();
      break;
    case copy_move::drop:
      break;
  }
  talk.work->inbox.consume(size);
  return {passed::outcome::more};
}

void ask_for_late_syncs(conversation& talk) {
  if (!talk.under_way().held.syncs_in_doubt || talk.work->inbox.passing() > 0) return;
  talk.under_way().held.syncs_in_doubt = false;
  std::string out;
  wire::write_empty(out, wire::frontend::sync);
  wire::write_target(out, wire::frontend::close, 'P', own_statement_prefix);
  wire::write_empty(out, wire::frontend::sync);
  talk.connection().send(out);
  talk.connection().read_on();
}

bool begin_stream(conversation& talk) {
  auto& now = *talk.work;
  // Behind what no Sync has ended there is nothing to wait for; see admit().
  if (talk.busy() && (!talk.server().is_open() || talk.under_way().held.copy_in)) return false;
  now.facts = {};
  now.facts.kind = sql::statement_kind::write;
  talk.under_way().streaming = true;
  now.needs_met = false;
  now.inbox.look_anew();
  if (talk.leased() && !talk.under_way().held.on_replica) note_write(talk);
  return true;
}

passed pass_message(conversation& talk) {
  const auto& limits = talk.worker.settings->limits;
  const auto next = next_of_stream(talk.input(), limits.max_message_bytes, limits.max_batch_bytes);
  switch (next.what) {
    case stream_move::wait:
      return {};
    case stream_move::violation:
      return violation(next.why);
    case stream_move::batch:
      leave_stream(talk);
      return {passed::outcome::more};
    case stream_move::leave:
      return {passed::outcome::leave};
    case stream_move::send:
      break;
  }
  if (auto why = keeps_too_much(talk, next.message)) return {passed::outcome::fatal, std::move(*why)};
  // What names another statement is prepared for the names of the moment: asked anew, it would be so without end.
  if (!std::exchange(talk.work->needs_met, false) && needs_anything_for(talk, next.message)) {
    // Once all that was sent before has been answered.
    if (!talk.server().owes()) return {passed::outcome::prepare};
    ask_for_answers(talk);
    return {};
  }
  send_streamed(talk, next);
  return {passed::outcome::more};
}

bool is_within(const conversation& talk) noexcept {
  if (!talk.leased()) return false;
  const auto& inbox = talk.work->inbox;
  if (talk.under_way().held.copy_in) return !inbox.drops() && inbox.passing() > kept_back;
  return talk.under_way().streaming || inbox.within_message();
}

void skip_too_long(conversation& talk) {
  auto& inbox = talk.work->inbox;
  if (inbox.batch().size() > 0) return inbox.consume(inbox.batch().size());
  wire::frame message;
  wire::peek_frame(inbox.left(), talk.worker.settings->limits.max_message_bytes, message);
  inbox.drop_rest_of(message);
  inbox.consume(message.available.size());
}

}  // namespace highwater::proxy
