#pragma once

// What a client is going to say, as data: it can be printed, sent, and taken apart.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace highwater::fuzz {

using values = std::vector<std::optional<std::string>>;

enum class ask : std::uint8_t {
  query,
  parse,
  bind,
  describe_statement,
  describe_portal,
  execute,
  close_statement,
  close_portal,
  sync,
  flush,
  copy_data,
  copy_done,
  copy_fail,
  barrier,  // an empty Query, which nothing else sends: its answer cannot be mistaken for another's
};

// One message.
struct request {
  ask what = ask::sync;
  std::string name;  // of the statement; of the portal for bind, describe_portal, execute and close_portal
  std::string text;  // SQL, data or reason; for bind the statement's name
  values parameters{};
  std::uint32_t max_rows = 0;
  friend bool operator==(const request&, const request&) = default;
};

char type_of(ask what);                   // the message's type byte
std::string encode(const request& what);  // as PostgreSQL wants it
std::string to_string(const request& what);

enum class then : std::uint8_t {
  settle,       // wait for all answers that are due
  go_on,        // say the next at once
  await_error,  // wait for an error that comes without a Sync
  meet,         // settle, and wait for all other clients to get there
  close,        // end the connection; what follows is said over a new one
  reset,        // the same with RST
};

// What is sent in one piece.
struct step {
  std::vector<request> requests;
  fuzz::then then = then::settle;
  std::size_t keep_back = 0;   // with close and reset: so many bytes of the last message are never sent
  bool indispensable = false;  // without it, others would wait for ever
  friend bool operator==(const step&, const step&) = default;
};

using startup_parameters = std::vector<std::pair<std::string, std::string>>;

// One client, with all the connections that it makes one after the other.
struct program {
  startup_parameters startup;
  std::vector<step> steps;
  bool changes_schema = false;  // its tables have to be made anew behind it
  friend bool operator==(const program&, const program&) = default;
};

bool ends_connection(const step& what);
std::string to_string(const step& what);
std::string to_string(const program& what);  // a line for each step

// Short for readers and writers of programs.
request query(std::string sql);
request parse(std::string name, std::string sql);
request bind(std::string portal, std::string statement, values parameters = {});
request execute(std::string portal = "", std::uint32_t max_rows = 0);
request plain(ask what, std::string name_or_text = "");

}  // namespace highwater::fuzz
