#pragma once

// One client at play: says its program's steps over a socket, and writes down what comes.

#include <memory>
#include <string>

#include "tests/fuzz/ledger.hpp"
#include "tests/fuzz/transcript.hpp"

namespace highwater::fuzz {

struct endpoint {
  std::uint16_t port = 0;
  std::string user = "app";
  std::string database;
};

class player {
public:
  player(const program& what, endpoint where);
  ~player();
  player(player&&) = delete;

  int socket() const { return socket_; }
  bool listens() const { return socket_ >= 0 && !gone_; }
  bool done() const { return done_; }
  bool settled() const;
  bool at_meeting() const;  // it waits for the others, or has nothing to say any more
  bool may_act() const;     // settled, and with something to say
  bool holds() const;       // it may have a server connection for itself just now
  void act();               // log in, or say the next step
  void meet() { met_ = true; }
  void read();     // all that is there
  void give_up();  // what is due did not come
  void leave();    // Terminate
  account told() const { return account_; }

private:
  void connect();
  void disconnect(bool with_reset);
  void say(const step& what);
  void take(const testing_support::raw::message& what);
  void turn_page();
  void ended_by_server();

  const program& program_;
  endpoint where_;
  int socket_ = -1;
  std::string unread_;
  ledger ledger_;
  account account_;
  exchange page_;         // what has come since nothing was due
  std::size_t next_ = 0;  // step
  bool logging_in_ = false;
  bool awaits_error_ = false;
  bool gone_ = false;  // the server has ended this connection
  bool met_ = false;
  bool done_ = false;
  bool idle_ = true;          // says the last ReadyForQuery
  bool in_exchange_ = false;  // there is something that no Sync has followed
};

}  // namespace highwater::fuzz
