#pragma once

// Takes apart what a server sends, against what was asked of it. Sans-io: bytes in, calls to a handler out. Bytes that
// the client shall have are handed on in runs as long as possible, in place.

#include <cstdint>
#include <string_view>
#include <utility>

#include "proxy/wire/errors.hpp"
#include "proxy/wire/frame.hpp"
#include "proxy/wire/messages.hpp"
#include "proxy/wire/reply_queue.hpp"

namespace highwater::wire {

// What the reader tells. All calls are in the order of the stream.
//   forward(bytes)                 send these to the client
//   completed(expected)            ParseComplete, BindComplete, CloseComplete, the end of an Execute: this is done
//   abandoned(expected, failed)    an error came: this is what failed, or the server skipped it behind that
//   described(expected, message)   a part of the answer to a Describe that the proxy asked: what it takes, what it
//   returns local(expected)                the turn has come of an answer that the proxy makes command_complete(tag)
//   parameter_status(message)      returns whether the client shall see it
//   failed(fields, hidden)         an ErrorResponse, and whether it is hidden; returns what the client shall see of it
//   replacement()                  ... the turn has come of what it shall see instead
//   copy_in(syncs)                 COPY data are awaited; so many Syncs behind the Execute have no answer, if none
//   fails copy_ended(doubtful)           doubtful: it is not known how many of the Syncs within it are answered: expect
//   a
//                                  late_syncs, and send Sync, Close of a portal that does not exist, and Sync
//   late_syncs(count, extended, status)  so many; extended: if there are none, the client has yet to end its exchange
//   ready(status, expected)        ReadyForQuery: this is done; what the handler returns decides how to go on
//
// A copy that fails is over for the server at once: from then on it answers Syncs, while those before were ignored. The
// first Sync that is sent for late_syncs is answered in any case, and CloseComplete comes behind all of them.
//
enum class after_error : std::uint8_t { show, hide, replace };

enum class after_ready : std::uint8_t {
  go_on,
  stop,           // reading, when the client has been sent this
  keep_and_stop,  // ... and the client shall not see it, or not yet
};

// Messages that may be longer than what is worth holding are passed on in pieces.
class reply_reader {
public:
  enum class outcome : std::uint8_t { more, stopped, violation };

  struct result {
    outcome what = outcome::more;
    std::size_t consumed = 0;
  };

  template <class Handler>
  result read(std::string_view bytes, reply_queue& queue, Handler& handler);

  // Answers that the proxy makes, as far as their turn has come.
  template <class Handler>
  void run_locals(reply_queue& queue, Handler& handler) const;

  void reset() noexcept { *this = {}; }
  bool copying_in() const noexcept { return copying_; }
  // A Sync of the client's may have been ignored, or not: nothing can be sent behind it before that is known.
  bool may_owe_ready() const noexcept { return unread_syncs_ != 0 || counting_; }
  // It has been sent in copy-in mode.
  void sync_within_copy() noexcept { ++unread_syncs_; }
  bool in_message() const noexcept { return pass_left_ != 0; }

  // Has the server certainly stopped listening until it is sent another Sync?
  bool skips(const reply_queue& queue) const noexcept { return skipping_ && queue.ready_count() == 0; }
  // Will whatever is sent next, if all goes well before it, be part of an exchange that has begun already?
  bool is_open(const reply_queue& queue) const noexcept { return queue.left_open() || skips(queue); }
  // Is everything answered, so that the next thing to come answers the next thing sent, whoever sends it?
  bool is_settled(const reply_queue& queue) const noexcept {
    return queue.empty() && !is_open(queue) && !skipping_ && !copying_ && unread_syncs_ == 0 && pass_left_ == 0;
  }

  // Longest message that is held until it is complete: errors, notices, tags.
  static constexpr std::uint64_t max_held = 16U << 20;
  static constexpr std::uint64_t max_length = 0x7FFFFFFF;

private:
  // What one message means for the run of bytes that is being gathered.
  enum class fate : std::uint8_t { pass, swallow, replace, stop, stop_hidden, violation };

  static constexpr bool may_pass_in_pieces(char type) noexcept {
    return type == backend::data_row || type == backend::copy_data || type == backend::row_description ||
           type == backend::parameter_description || type == backend::function_call_response;
  }

  static constexpr fate fate_of(after_ready then, bool hidden) noexcept {
    if (then == after_ready::go_on) return hidden ? fate::swallow : fate::pass;
    return hidden || then == after_ready::keep_and_stop ? fate::stop_hidden : fate::stop;
  }

  // What is to be remembered is needed as a whole.
  static constexpr bool is_described_here(char type, const reply_queue& queue) noexcept {
    return (type == backend::parameter_description || type == backend::row_description) && !queue.empty() &&
           queue.front().hidden && queue.front().kind == reply_kind::describe_statement;
  }

  // Never in the middle of a message that is passed on in pieces, nor while the server skips to a Sync.
  bool local_is_due(const reply_queue& queue) const noexcept {
    return pass_left_ == 0 && !skipping_ && !queue.empty() && is_local(queue.front().kind);
  }

  template <class Handler>
  fate take(const frame& message, reply_queue& queue, Handler& handler);
  template <class Handler>
  fate take_error(const frame& message, reply_queue& queue, Handler& handler);
  template <class Handler>
  fate take_ready(const frame& message, reply_queue& queue, Handler& handler);
  template <class Handler>
  static fate take_simple(reply_queue& queue, reply_kind kind, Handler& handler);
  template <class Handler>
  void end_execute(reply_queue& queue, Handler& handler);
  template <class Handler>
  static void skip_to_sync(reply_queue& queue, Handler& handler, bool failed);
  std::uint64_t pass_left_ = 0;  // of a message that is passed on in pieces, bytes yet to come
  bool pass_hidden_ = false;
  bool copying_ = false;
  std::size_t unread_syncs_ = 0;  // sent within a copy-in that is under way: ignored, unless it has failed by then
  std::size_t late_syncs_ = 0;    // answered behind one that has failed
  bool counting_ = false;         // ... which is being found out
  bool copy_extended_ = false;    // it was an Execute's
  bool answered_ = false;         // something of the Query at the front, or CloseComplete of the late_syncs there
  bool skipping_ = false;         // after an error, up to a Sync that had not been sent yet when the error came
};

template <class Handler>
reply_reader::result reply_reader::read(std::string_view bytes, reply_queue& queue, Handler& handler) {
  std::size_t at = 0;
  std::size_t run = 0;  // start of what is to be forwarded
  const auto flush = [&](std::size_t end) {
    if (end > run) handler.forward(bytes.substr(run, end - run));
  };
  // Locals interrupt a run: what came before must be on its way first.
  const auto take_turns = [&] {
    if (!local_is_due(queue)) return;
    flush(at);
    run = at;
    run_locals(queue, handler);
  };
  // What came before is the client's, whose message may end in it: whatever it is told next stands behind that.
  const auto give_up = [&] {
    flush(at);
    return result{outcome::violation, at};
  };
  take_turns();
  while (at < bytes.size()) {
    if (pass_left_ > 0) {
      const auto part = static_cast<std::size_t>(pass_left_ < bytes.size() - at ? pass_left_ : bytes.size() - at);
      if (pass_hidden_) {
        flush(at);
        run = at + part;
      }
      at += part;
      pass_left_ -= part;
      take_turns();
      continue;
    }
    frame message;
    const auto status = peek_frame(bytes.substr(at), max_length, message);
    if (status == frame_status::bad_length) return give_up();
    if (status == frame_status::need_header) break;
    const bool whole = message.complete();
    if (!whole && (!may_pass_in_pieces(message.type) || is_described_here(message.type, queue))) {
      if (message.size > max_held) return give_up();
      break;
    }
    const auto what = take(message, queue, handler);
    if (what == fate::violation) return give_up();
    const std::size_t size = message.available.size();
    const bool shown = what == fate::pass || what == fate::stop;
    if (!shown) {
      flush(at);
      run = at + size;
    }
    if (what == fate::replace) handler.replacement();
    if (!whole) {
      pass_left_ = message.size - size;
      pass_hidden_ = !shown;
    }
    at += size;
    if (what == fate::stop || what == fate::stop_hidden) {
      flush(at);
      return {outcome::stopped, at};
    }
    take_turns();
  }
  flush(at);
  return {outcome::more, at};
}

template <class Handler>
void reply_reader::run_locals(reply_queue& queue, Handler& handler) const {
  while (local_is_due(queue)) {
    const auto what = queue.front();
    queue.pop();
    handler.local(what);
  }
}

template <class Handler>
reply_reader::fate reply_reader::take_simple(reply_queue& queue, reply_kind kind, Handler& handler) {
  if (queue.empty() || queue.front().kind != kind) return fate::violation;
  const auto what = queue.front();
  queue.pop();
  handler.completed(what);
  return what.hidden ? fate::swallow : fate::pass;
}

// A statement is over: what Execute has asked for, or one of several in a Query.
template <class Handler>
void reply_reader::end_execute(reply_queue& queue, Handler& handler) {
  const auto what = queue.front();
  answered_ = what.kind == reply_kind::query;
  if (what.kind != reply_kind::execute) return;
  queue.pop();
  handler.completed(what);
}

// In the extended protocol the server skips everything up to Sync after an error, a Query too, and so do we.
template <class Handler>
void reply_reader::skip_to_sync(reply_queue& queue, Handler& handler, bool failed) {
  while (!queue.empty() && queue.front().kind != reply_kind::sync) {
    const auto skipped = queue.front();
    queue.pop();
    handler.abandoned(skipped, std::exchange(failed, false));
  }
}

template <class Handler>
reply_reader::fate reply_reader::take_error(const frame& message, reply_queue& queue, Handler& handler) {
  const auto fields = read_error(message.body());
  if (!fields) return fate::violation;
  const bool hidden = !queue.empty() && queue.front().hidden && queue.front().kind == reply_kind::query;
  answered_ = !queue.empty() && queue.front().kind == reply_kind::query;
  const bool extended = !queue.empty() && !ends_with_ready(queue.front().kind);
  if (extended) skip_to_sync(queue, handler, true);
  skipping_ = extended && queue.empty();
  if (copying_) {
    copying_ = false;
    counting_ = std::exchange(unread_syncs_, 0) != 0;
    copy_extended_ = extended;
    if (counting_) skipping_ = false;
    handler.copy_ended(counting_);
  }
  const auto seen = handler.failed(*fields, hidden);
  if (hidden || seen == after_error::hide) return fate::swallow;
  return seen == after_error::show ? fate::pass : fate::replace;
}

template <class Handler>
reply_reader::fate reply_reader::take_ready(const frame& message, reply_queue& queue, Handler& handler) {
  const auto status = message.size == 6 ? to_transaction_status(message.body()[0]) : std::nullopt;
  if (std::exchange(skipping_, false)) skip_to_sync(queue, handler, false);
  if (!status || queue.empty() || !ends_with_ready(queue.front().kind)) return fate::violation;
  const auto what = queue.front();
  if (what.kind == reply_kind::late_syncs && !answered_) {
    ++late_syncs_;
    return fate::swallow;
  }
  answered_ = false;
  if (what.kind == reply_kind::late_syncs) {
    counting_ = false;
    if (late_syncs_ == 0) return fate::violation;
    handler.late_syncs(std::exchange(late_syncs_, 0) - 1, copy_extended_, *status);
  }
  queue.pop();
  return fate_of(handler.ready(*status, what), what.hidden);
}

template <class Handler>
reply_reader::fate reply_reader::take(const frame& message, reply_queue& queue, Handler& handler) {
  const bool hidden = !queue.empty() && (queue.front().hidden || (queue.front().first_only && answered_));
  // Reported, or told by the way, of what the client has done itself.
  const bool of_clients = queue.empty() || !queue.front().hidden || queue.front().kind == reply_kind::late_syncs;
  const auto shown = hidden ? fate::swallow : fate::pass;
  switch (message.type) {
    case backend::data_row:
    case backend::copy_data:
    case backend::copy_done:
    case backend::copy_out_response:
    case backend::function_call_response:
      return queue.empty() ? fate::violation : shown;
    case backend::parameter_description:
      if (queue.empty()) return fate::violation;
      if (is_described_here(message.type, queue)) handler.described(queue.front(), message);
      return shown;
    case backend::command_complete: {
      const auto tag = read_single_string(message.body());
      if (!tag || queue.empty()) return fate::violation;
      if (copying_) {
        copying_ = false;
        unread_syncs_ = 0;
        handler.copy_ended(false);
      }
      if (!hidden) handler.command_complete(*tag);
      end_execute(queue, handler);
      return shown;
    }
    case backend::empty_query_response:
    case backend::portal_suspended:
      if (queue.empty()) return fate::violation;
      end_execute(queue, handler);
      return shown;
    case backend::row_description:
    case backend::no_data:
      if (queue.empty()) return fate::violation;
      if (hidden && queue.front().kind == reply_kind::describe_statement) handler.described(queue.front(), message);
      if (queue.front().kind == reply_kind::describe_statement || queue.front().kind == reply_kind::describe_portal) {
        queue.pop();
      }
      return shown;
    case backend::parse_complete:
      return take_simple(queue, reply_kind::parse, handler);
    case backend::bind_complete:
      return take_simple(queue, reply_kind::bind, handler);
    case backend::close_complete:
      if (!queue.empty() && queue.front().kind == reply_kind::late_syncs) {
        answered_ = true;
        return fate::swallow;
      }
      return take_simple(queue, reply_kind::close, handler);
    case backend::copy_in_response:
      if (queue.empty()) return fate::violation;
      copying_ = true;
      unread_syncs_ = queue.forget_syncs_after_front();
      handler.copy_in(unread_syncs_);
      return shown;
    case backend::error_response:
      return take_error(message, queue, handler);
    case backend::ready_for_query:
      return take_ready(message, queue, handler);
    case backend::parameter_status: {
      const auto parameter = read_parameter_status(message.body());
      if (!parameter) return fate::violation;
      return handler.parameter_status(*parameter) && of_clients ? fate::pass : fate::swallow;
    }
    case backend::notice_response:
      return hidden ? fate::swallow : fate::pass;
    case backend::notification_response:
      return fate::pass;
    default:
      return fate::violation;
  }
}

}  // namespace highwater::wire
