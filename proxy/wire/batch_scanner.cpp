#include "proxy/wire/batch_scanner.hpp"

namespace highwater::wire {

batch_scanner::outcome batch_scanner::scan(std::string_view bytes, std::uint64_t max_message, std::uint64_t max_batch) {
  if (!held()) found_ = look(bytes, max_message, max_batch);
  return found_;
}

batch_scanner::outcome batch_scanner::look(std::string_view bytes, std::uint64_t max_message, std::uint64_t max_batch) {
  for (;;) {
    frame found;
    const auto status = peek_frame(bytes.substr(size_), max_message, found);
    if (status == frame_status::bad_length) return outcome::violation;
    if (status == frame_status::need_header) return outcome::incomplete;
    if (!may_come(found.type)) return outcome::violation;
    if (stands_alone(found.type) && !messages_.empty()) {
      // A Query behind extended messages that no Sync ended: they are a batch of their own.
      end_ = batch_end::cut;
      return outcome::complete;
    }
    if (size_ + found.size > max_batch) return outcome::too_long;
    if (!found.complete()) return outcome::incomplete;
    messages_.push_back({found.type, static_cast<std::uint32_t>(size_), static_cast<std::uint32_t>(found.size)});
    size_ += static_cast<std::size_t>(found.size);
    const bool ends = stands_alone(found.type) || found.type == frontend::sync || found.type == frontend::flush;
    if (!ends) continue;
    end_ = end_of(found.type);
    return outcome::complete;
  }
}

}  // namespace highwater::wire
