#pragma once

// Which rule says how a client proves who it is: auth.rules of the configuration, as PostgreSQL goes through
// pg_hba.conf (src/backend/libpq/hba.c). Made once, and then only read: any thread may ask. What is asked about comes
// from clients who have not logged in: the time for an answer is bounded by the rules, whatever the names.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "proxy/auth/error.hpp"

namespace highwater::auth {

// How a client comes in, and what for.
struct door {
  std::optional<config::ip> address;  // none: by a Unix-domain socket
  bool tls = false;
  std::string_view database;  // the user's name where the client names none; of no meaning with `replication`
  std::string_view user;      // of both names the first 63 bytes count, as they do for PostgreSQL
  bool replication = false;   // physical; with replication=database a client asks for that database like any other

  bool local() const noexcept { return !address; }
};

struct rule : config::auth_rule {
  std::string place;  // for the log: auth.rules[2]
};

class rules {
public:
  // Without rules in the section there is one for everybody, with its method.
  explicit rules(const config::auth& section);

  // None: nobody may come in by this door.
  const rule* first_match(const door& from) const;

  // Whether who is called `external` elsewhere may log in as `wanted`. Without a map the names have to be equal; with
  // one, one of its entries has to say so.
  bool mapped(std::string_view map, std::string_view external, std::string_view wanted) const;

private:
  std::vector<rule> rules_;
  std::vector<config::name_mapping> maps_;
};

// What is told to a client whom no rule matches, or (`matched`) one whose method is reject.
failure_report refusal(const rule* matched, const door& from);

}  // namespace highwater::auth
