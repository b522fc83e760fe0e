#pragma once

// What a server connection still owes, in order. With pipelining, a reply can only be told apart by what was asked, so
// every message that is sent on is entered here, also those that the proxy sends for itself (whose replies the client
// must not see) and those that the proxy answers itself (whose turn must come).
//
// An exchange of the extended protocol is open from its first message until a Sync, or a Query that the server does not
// skip, ends it. While it is, the server may be in the middle of a transaction that it has told nobody of, or skip
// whatever it is sent; nothing owed does not mean nothing under way.

#include <cstdint>
#include <vector>

namespace highwater::wire {

enum class reply_kind : std::uint8_t {
  parse,
  bind,
  describe_statement,
  describe_portal,
  execute,
  close,
  sync,
  query,
  function_call,
  local_parse_complete,  // answered here, when everything before it has been answered
  local_close_complete,
  late_syncs,  // what asks how many of a failed copy's Syncs are answered; see reply_reader
};

struct expected_reply {
  reply_kind kind = reply_kind::query;
  bool hidden = false;       // the client did not ask: swallow
  std::uint8_t changes = 0;  // of the client's prepared statement names that are pending on it; see prepared_names
  // The prepared statement that it is about, as the process numbers them. parse: exists on the server afterwards;
  // close: does not any more; describe_statement: is described. 0: none.
  std::uint64_t statement = 0;
  bool unnamed = false;     // parse, close: of the one without a name
  bool first_only = false;  // query: the client sees its first statement's answer; the others are the proxy's
};

constexpr bool ends_with_ready(reply_kind kind) noexcept {
  return kind == reply_kind::sync || kind == reply_kind::query || kind == reply_kind::function_call ||
         kind == reply_kind::late_syncs;
}
constexpr bool is_local(reply_kind kind) noexcept {
  return kind == reply_kind::local_parse_complete || kind == reply_kind::local_close_complete;
}

// A first-in first-out ring that keeps its storage.
class reply_queue {
public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  const expected_reply& front() const noexcept { return ring_[head_]; }
  const expected_reply& at(std::size_t index) const noexcept { return ring_[(head_ + index) & (ring_.size() - 1)]; }

  // How many ReadyForQuery are still to come.
  std::size_t ready_count() const noexcept { return ready_count_; }
  // Would the exchange still be open if everything sent is answered without an error?
  bool left_open() const noexcept { return left_open_; }

  void push(expected_reply what) {
    if (size_ == ring_.size()) grow();
    ring_[(head_ + size_++) & (ring_.size() - 1)] = what;
    ready_count_ += ends_with_ready(what.kind);
    if (!is_local(what.kind)) left_open_ = !ends_with_ready(what.kind);
  }
  void pop() noexcept {
    ready_count_ -= ends_with_ready(front().kind);
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
  }
  // In copy-in mode the server ignores a Sync that it meets before the copy's end ("COPY Operations" in the manual), so
  // the ones that were sent behind the Execute are not waited for. Returns how many. None if there is more than Syncs:
  // the server would end the connection over that, so if it goes on, the copy has failed before it met any of them.
  std::size_t forget_syncs_after_front();
  void clear() noexcept {
    head_ = size_ = ready_count_ = 0;
    left_open_ = false;
  }

private:
  void grow();

  std::vector<expected_reply> ring_ = std::vector<expected_reply>(8);  // size is a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  std::size_t ready_count_ = 0;
  bool left_open_ = false;
};

}  // namespace highwater::wire
