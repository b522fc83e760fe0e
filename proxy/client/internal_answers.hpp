#pragma once

// SHOW, SET and RESET of highwater.*, of which no server knows, in either protocol: the answers to the messages of one
// batch. No I/O, no clock.

#include <string>
#include <string_view>
#include <vector>

#include "proxy/client/admission.hpp"
#include "proxy/client/asked_level.hpp"
#include "proxy/wire/messages.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::proxy {

// Who asks.
struct internal_asker {
  asked_level& level;
  standing where;
  config::level default_level = config::level::session;
  bool in_transaction = false;
  bool has_bound = false;  // `bounded` would promise something
  std::string last_route;  // what SHOW highwater.last_route says
};

class internal_answers {
public:
  internal_answers(const sql::internal_command& what, internal_asker by);

  // A message of the batch, by its type and body; to be well formed.
  void take(char type, std::string_view body);

  bool failed() const noexcept { return failed_; }
  const wire::error& why() const noexcept { return why_; }
  // Statements that were prepared. They point into the messages.
  const std::vector<wire::parse_message>& parsed() const noexcept { return parsed_; }

  std::string out;

private:
  bool run();
  bool obey();
  bool show();
  bool set(std::optional<config::level> wanted);
  bool refuse(wire::error why);
  void complete();
  void describe();

  const sql::internal_command& what_;
  internal_asker by_;
  bool shows_;
  std::string column_;
  std::string tag_;
  std::string row_;
  wire::error why_;
  std::vector<wire::parse_message> parsed_;
  bool ran_ = false;
  bool failed_ = false;
};

}  // namespace highwater::proxy
