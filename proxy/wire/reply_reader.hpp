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
//   completed(expected)            ParseComplete, BindComplete, CloseComplete: this is done
//   abandoned(expected)            an error came: the server skipped this one
//   local(expected)                the turn has come of an answer that the proxy makes
//   command_complete(tag)
//   parameter_status(message)      returns whether the client shall see it
//   failed(fields, hidden)         an ErrorResponse; returns whether the client shall see it, if it is not hidden
//   copy_in() / copy_ended()
//   ready(status, hidden)          ReadyForQuery; returns false to stop reading here
//
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
  bool may_owe_ready() const noexcept { return unread_syncs_ != 0; }
  bool in_message() const noexcept { return pass_left_ != 0; }

  // Longest message that is held until it is complete: errors, notices, tags.
  static constexpr std::uint64_t max_held = 16U << 20;
  static constexpr std::uint64_t max_length = 0x7FFFFFFF;

private:
  // What one message means for the run of bytes that is being gathered.
  enum class fate : std::uint8_t { pass, swallow, stop, stop_hidden, violation };

  static constexpr bool may_pass_in_pieces(char type) noexcept {
    return type == backend::data_row || type == backend::copy_data || type == backend::row_description ||
           type == backend::parameter_description || type == backend::function_call_response;
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
  static void skip_to_sync(reply_queue& queue, Handler& handler);
  std::uint64_t pass_left_ = 0;  // of a message that is passed on in pieces, bytes yet to come
  bool pass_hidden_ = false;
  bool copying_ = false;
  std::size_t unread_syncs_ =
      0;                   // sent behind a copy-in that is under way or has failed: ignored, or yet to be answered
  bool answered_ = false;  // something of the Query at the front
  bool skipping_ = false;  // after an error, up to a Sync that had not been sent yet when the error came
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
    if (status == frame_status::bad_length) return {outcome::violation, at};
    if (status == frame_status::need_header) break;
    const bool whole = message.complete();
    if (!whole && !may_pass_in_pieces(message.type)) {
      if (message.size > max_held) return {outcome::violation, at};
      break;
    }
    const auto what = take(message, queue, handler);
    if (what == fate::violation) {
      flush(at);
      return {outcome::violation, at};
    }
    const std::size_t size = message.available.size();
    const bool shown = what == fate::pass || what == fate::stop;
    if (!shown) {
      flush(at);
      run = at + size;
    }
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

// In the extended protocol the server skips everything up to Sync after an error, a Query too, and so do we.
template <class Handler>
void reply_reader::skip_to_sync(reply_queue& queue, Handler& handler) {
  while (!queue.empty() && queue.front().kind != reply_kind::sync) {
    const auto skipped = queue.front();
    queue.pop();
    handler.abandoned(skipped);
  }
}

template <class Handler>
reply_reader::fate reply_reader::take_error(const frame& message, reply_queue& queue, Handler& handler) {
  const auto fields = read_error(message.body());
  if (!fields) return fate::violation;
  const bool hidden = !queue.empty() && queue.front().hidden && queue.front().kind == reply_kind::query;
  answered_ = !queue.empty() && queue.front().kind == reply_kind::query;
  const bool extended = !queue.empty() && !ends_with_ready(queue.front().kind);
  if (extended) skip_to_sync(queue, handler);
  skipping_ = extended && queue.empty();
  if (copying_) {
    copying_ = false;
    handler.copy_ended();
  }
  return handler.failed(*fields, hidden) && !hidden ? fate::pass : fate::swallow;
}

template <class Handler>
reply_reader::fate reply_reader::take_ready(const frame& message, reply_queue& queue, Handler& handler) {
  const auto status = message.size == 6 ? to_transaction_status(message.body()[0]) : std::nullopt;
  if (std::exchange(skipping_, false)) skip_to_sync(queue, handler);
  if (status && unread_syncs_ != 0 && !answered_ && (queue.empty() || queue.front().kind == reply_kind::query)) {
    // The copy failed before the server had read that Sync: it was not in copy-in mode then, and answers.
    --unread_syncs_;
    return handler.ready(*status, false) ? fate::pass : fate::stop;
  }
  if (!status || queue.empty() || !ends_with_ready(queue.front().kind)) return fate::violation;
  const bool hidden = queue.front().hidden;
  if (queue.front().kind == reply_kind::query && !copying_) unread_syncs_ = 0;
  answered_ = false;
  queue.pop();
  const bool go_on = handler.ready(*status, hidden);
  if (go_on) return hidden ? fate::swallow : fate::pass;
  return hidden ? fate::stop_hidden : fate::stop;
}

template <class Handler>
reply_reader::fate reply_reader::take(const frame& message, reply_queue& queue, Handler& handler) {
  const bool hidden = !queue.empty() && queue.front().hidden;
  const auto shown = hidden ? fate::swallow : fate::pass;
  switch (message.type) {
    case backend::data_row:
    case backend::copy_data:
    case backend::copy_done:
    case backend::copy_out_response:
    case backend::parameter_description:
    case backend::function_call_response:
      return queue.empty() ? fate::violation : shown;
    case backend::command_complete: {
      const auto tag = read_single_string(message.body());
      if (!tag || queue.empty()) return fate::violation;
      if (copying_) {
        copying_ = false;
        unread_syncs_ = 0;
        handler.copy_ended();
      }
      answered_ = queue.front().kind == reply_kind::query;
      if (queue.front().kind == reply_kind::execute) queue.pop();
      if (!hidden) handler.command_complete(*tag);
      return shown;
    }
    case backend::empty_query_response:
    case backend::portal_suspended:
      if (queue.empty()) return fate::violation;
      answered_ = queue.front().kind == reply_kind::query;
      if (queue.front().kind == reply_kind::execute) queue.pop();
      return shown;
    case backend::row_description:
    case backend::no_data:
      if (queue.empty()) return fate::violation;
      if (queue.front().kind == reply_kind::describe_statement || queue.front().kind == reply_kind::describe_portal) {
        queue.pop();
      }
      return shown;
    case backend::parse_complete:
      return take_simple(queue, reply_kind::parse, handler);
    case backend::bind_complete:
      return take_simple(queue, reply_kind::bind, handler);
    case backend::close_complete:
      return take_simple(queue, reply_kind::close, handler);
    case backend::copy_in_response:
      if (queue.empty()) return fate::violation;
      copying_ = true;
      unread_syncs_ = queue.forget_syncs_after_front();
      handler.copy_in();
      return shown;
    case backend::error_response:
      return take_error(message, queue, handler);
    case backend::ready_for_query:
      return take_ready(message, queue, handler);
    case backend::parameter_status: {
      const auto parameter = read_parameter_status(message.body());
      if (!parameter) return fate::violation;
      return handler.parameter_status(*parameter) && !hidden ? fate::pass : fate::swallow;
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
