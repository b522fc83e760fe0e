#pragma once

// The client's messages that are passed on as they come: copy data, and what is too long to be held. Of the bytes that
// are there: which message is next, and what is to be done with it. No I/O, no clock.

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/wire/frame.hpp"

namespace highwater::proxy {

enum class copy_move : std::uint8_t {
  wait,        // there is not enough of it
  violation,   // its length is impossible
  pass,        // data: in as many pieces as it comes
  end,         // CopyDone, CopyFail
  sync,        // ignored in copy-in mode; but the copy may have failed by then
  drop,        // Flush
  leave,       // Terminate
  unexpected,  // anything else, which a server would fail the copy for
};
struct copied {
  copy_move what = copy_move::wait;
  wire::frame message{};
};
copied next_of_copy(std::string_view bytes, std::uint64_t longest_message);

enum class stream_move : std::uint8_t {
  wait,       // there is not enough of it
  violation,  // why
  send,
  batch,  // a statement that ends what is passed on, and can be held: it is dealt with like any other
  leave,  // Terminate
};
struct streamed {
  stream_move what = stream_move::wait;
  wire::frame message{};
  std::string why{};  // a violation is one
  // It ends what it is part of: Query, FunctionCall, Sync.
  bool ends() const noexcept;
  // What nobody has looked at may leave anything behind.
  bool may_leave_anything() const noexcept;
};
streamed next_of_stream(std::string_view bytes, std::uint64_t longest_message, std::uint64_t longest_batch);

}  // namespace highwater::proxy
