#pragma once

// The server's end of one connection: runs what it is sent, one thing after the other, and says what PostgreSQL would.

#include <optional>
#include <string_view>

#include "proxy/wire/messages.hpp"
#include "tests/simulation/checker.hpp"
#include "tests/simulation/speech.hpp"

namespace highwater::simulation {

struct request {
  speech said;
  promise owed;
  bool hidden = false;  // a BEGIN that the client takes for done
};

struct reply {
  request to;
  std::string_view bytes;
  microseconds takes{};            // until the server says so
  std::optional<place> seen = {};  // a read's
  place complete = {};             // ... all up to there
  bool on_primary = false;
  bool early = false;  // the primary did not show it then
  std::optional<place> commit = {};
  bool failed = false;
};

class backend {
public:
  backend(world& servers, checker& judge, chance& luck, node_index node, life_number life)
      : servers_(servers), judge_(judge), luck_(luck), node_(node), life_(life) {}

  node_index node() const noexcept { return node_; }
  life_number life() const noexcept { return life_; }
  bool lives() const { return servers_.lives(node_, life_); }
  reply run(std::size_t session, const request& what);
  // The client has gone: what is not committed never will be.
  void hang_up();

private:
  using status = wire::transaction_status;
  void begin(reply& to, bool read_only);
  void commit(std::size_t session, reply& to);
  void roll_back(reply& to);
  void read(reply& to);
  void write(std::size_t session, reply& to);
  void commit_now(std::size_t session, reply& to);
  void fail(reply& to, std::string_view in_block, std::string_view alone);

  world& servers_;
  checker& judge_;
  chance& luck_;
  node_index node_;
  life_number life_;
  status status_ = status::idle;
  bool read_only_ = false;
  transaction_id writes_ = 0;
};

}  // namespace highwater::simulation
