#pragma once

// What a server still owes a client, told from the types of the messages alone that went either way: by the manual's
// chapter "Message Flow". It tells when everything has been said that was going to be.

#include <deque>

#include "tests/fuzz/program.hpp"

namespace highwater::fuzz {

class ledger {
public:
  void sent(ask what);
  void received(char type);

  // Nothing is due: the server waits for the client. What is not followed by Sync or Flush is not due.
  bool settled() const;
  bool skipping() const { return skipping_; }  // an error has been said, and a Sync is awaited
  bool copying_in() const { return copying_in_; }

private:
  void drop_silent();
  void failed();
  void ready();

  std::deque<ask> asked_;  // and not answered
  bool skipping_ = false;
  bool copying_in_ = false;
  bool barrier_answered_ = false;
};

}  // namespace highwater::fuzz
