#pragma once

// PostgreSQL refuses to run as root: when the tests do, their servers run as the user `postgres`.

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace highwater::testing_support {

struct user_ids {
  uid_t uid;
  gid_t gid;
};

// Whom to become before starting a server; none if this process may start it as it is.
std::optional<user_ids> server_user();

void give_to_server_user(const std::filesystem::path& path);

}  // namespace highwater::testing_support
