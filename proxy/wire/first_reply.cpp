#include "proxy/wire/first_reply.hpp"

#include "proxy/wire/frame.hpp"
#include "proxy/wire/messages.hpp"
#include "proxy/wire/reply_reader.hpp"

namespace highwater::wire {

namespace {

using verdict = first_reply::verdict;

// What comes before the first row, and says nothing about whether there will be one.
bool is_preliminary(char type) noexcept {
  using namespace backend;
  return type == parse_complete || type == bind_complete || type == close_complete || type == parameter_description ||
         type == row_description || type == no_data || type == parameter_status || type == notice_response;
}

first_reply judge_error(std::string_view body, bool prepares) noexcept {
  const auto fields = read_error(body);
  if (!fields) return {verdict::forward};
  if (prepares && is_stale_plan(*fields)) return {verdict::refused, replica_refusal::shutdown};
  const auto why = refusal_of(*fields);
  return {why == replica_refusal::none ? verdict::forward : verdict::refused, why};
}

}  // namespace

first_reply judge_first_reply(std::string_view bytes, bool prepares) noexcept {
  bool rows = false;
  std::size_t at = 0;
  frame message;
  while (at < most_held_back && peek_frame(bytes.substr(at), reply_reader::max_length, message) == frame_status::ok) {
    const bool error = message.type == backend::error_response;
    if (error && message.complete()) return judge_error(message.body(), prepares);
    const bool row = message.type == backend::data_row;
    if (!error && !row && !is_preliminary(message.type)) return {verdict::forward};
    if (!message.complete()) {
      if (row) return {verdict::forward};
      rows &= !error;  // what is yet to come of it decides
      break;
    }
    rows |= row;
    at += message.available.size();
  }
  // The next row may be long in coming, and this one is due.
  return {rows || bytes.size() >= most_held_back ? verdict::forward : verdict::undecided};
}

}  // namespace highwater::wire
