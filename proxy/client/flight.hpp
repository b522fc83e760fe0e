#pragma once

#include <cstddef>

namespace highwater::proxy {

// A batch that a server is answering.
struct flight {
  std::size_t begin = 0;  // where its bytes are in the client's input, while they are kept
  std::size_t size = 0;
  bool writes = false;       // its end may be a commit: the session's write floor rises
  bool reads = false;        // nothing but: a transaction that it is part of goes on behind it
  bool ends = false;         // may end a transaction in its middle
  bool begins = false;       // may begin a transaction that what comes behind it is part of
  bool parses = false;       // prepares what it runs
  bool retryable = false;    // an autocommit read of which nothing has been forwarded (rule 15)
  bool schema = false;       // DDL
  bool hidden_sync = false;  // Flush was sent on as Sync
  bool no_ready = false;     // ends with a Flush, or its Sync was lost in copy-in mode
};

}  // namespace highwater::proxy
