#pragma once

// What a user can show to a server.

#include <optional>
#include <string>

#include "proxy/auth/scram.hpp"

namespace highwater::proxy {

// A password serves whatever the server asks for. Keys serve where it asks for SCRAM and has the secret that they are
// of, and cost nothing; an MD5 secret (as pg_authid.rolpassword has it) where it asks for MD5.
struct server_credentials {
  std::string password{};
  std::optional<auth::scram_keys> keys{};
  std::string md5_secret{};
};

}  // namespace highwater::proxy
