#pragma once

// Does a session read what it has just written? Then where the nodes are is asked when the write is acknowledged, and
// the answers are there, or nearly, when the read comes. Who only writes, or only reads, causes no questions.

namespace highwater::proxy {

class read_after_write {
public:
  // A write has been acknowledged. True if a read is likely to follow.
  bool wrote() noexcept {
    if (wrote_) expected_ = false;
    wrote_ = true;
    return expected_;
  }
  // A read that has to see the session's writes.
  void reads() noexcept {
    if (wrote_) expected_ = true;
    wrote_ = false;
  }

private:
  bool wrote_ = false;  // nothing has been read since
  bool expected_ = false;
};

}  // namespace highwater::proxy
