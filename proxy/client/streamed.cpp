#include "proxy/client/streamed.hpp"

#include <utility>

#include "proxy/wire/messages.hpp"

namespace highwater::proxy {

namespace {

// Names stand at the beginning of a message.
constexpr std::size_t names_fit = 1024;
constexpr std::uint64_t longest_kept = 64U << 20U;

copy_move move_of(char type) noexcept {
  switch (type) {
    case wire::frontend::copy_data:
      return copy_move::pass;
    case wire::frontend::copy_done:
    case wire::frontend::copy_fail:
      return copy_move::end;
    case wire::frontend::sync:
      return copy_move::sync;
    case wire::frontend::flush:
      return copy_move::drop;
    case wire::frontend::terminate:
      return copy_move::leave;
    default:
      return copy_move::unexpected;
  }
}

// May it be taken apart by what sends it on?
bool well_formed(const wire::frame& message) {
  switch (message.type) {
    case wire::frontend::parse:
      return wire::read_parse(message.body()).has_value();
    case wire::frontend::bind:
      return wire::read_bind_names(message.body()).has_value();
    case wire::frontend::describe:
    case wire::frontend::close:
      return wire::read_target(message.body()).has_value();
    case wire::frontend::execute:
      return wire::read_execute(message.body()).has_value();
    case wire::frontend::query:
    case wire::frontend::function_call:
    case wire::frontend::flush:
    case wire::frontend::sync:
    case wire::frontend::terminate:
    case wire::frontend::copy_data:
    case wire::frontend::copy_done:
    case wire::frontend::copy_fail:
      return true;
    default:
      return false;
  }
}

bool is_statement(const wire::frame& message) noexcept {
  return message.type == wire::frontend::query || message.type == wire::frontend::function_call;
}

// A Parse is needed as a whole, to be repeated on other connections; and so is a statement that can be looked at.
bool is_enough(const wire::frame& message, std::uint64_t longest_batch) noexcept {
  if (message.complete()) return true;
  const bool may_come_in_pieces =
      message.type == wire::frontend::bind || (is_statement(message) && message.size > longest_batch);
  return may_come_in_pieces && message.available.size() >= names_fit;
}

streamed violation(std::string why) {
  return {stream_move::violation, {}, std::move(why)};
}

}  // namespace

copied next_of_copy(std::string_view bytes, std::uint64_t longest_message) {
  copied next;
  const auto status = wire::peek_frame(bytes, longest_message, next.message);
  if (status == wire::frame_status::need_header) return {};
  if (status == wire::frame_status::bad_length) return {copy_move::violation};
  const auto what = move_of(next.message.type);
  const bool whole = what == copy_move::end || what == copy_move::sync || what == copy_move::drop;
  if (whole && !next.message.complete()) return {};
  next.what = what;
  return next;
}

streamed next_of_stream(std::string_view bytes, std::uint64_t longest_message, std::uint64_t longest_batch) {
  wire::frame message;
  const auto status = wire::peek_frame(bytes, longest_message, message);
  if (status == wire::frame_status::need_header) return {};
  if (status == wire::frame_status::bad_length) return violation("invalid message length");
  if (!is_enough(message, longest_batch)) {
    return message.size > longest_kept ? violation("message is too long to be kept") : streamed{};
  }
  if (!well_formed(message)) return violation("malformed message of type '" + std::string(1, message.type) + "'");
  if (message.type == wire::frontend::terminate) return {stream_move::leave, message, ""};
  const bool can_be_held = is_statement(message) && message.size <= longest_batch;
  return {can_be_held ? stream_move::batch : stream_move::send, message, ""};
}

bool streamed::ends() const noexcept {
  return is_statement(message) || message.type == wire::frontend::sync;
}

bool streamed::may_leave_anything() const noexcept {
  return is_statement(message) || message.type == wire::frontend::parse;
}

}  // namespace highwater::proxy
