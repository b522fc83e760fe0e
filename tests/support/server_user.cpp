#include "tests/support/server_user.hpp"

#include <pwd.h>
#include <unistd.h>

#include <stdexcept>

namespace highwater::testing_support {

std::optional<user_ids> server_user() {
  if (::geteuid() != 0) return std::nullopt;
  static const passwd* entry = ::getpwnam("postgres");
  if (!entry) throw std::runtime_error("running as root, and there is no user postgres to run the servers as");
  return user_ids{entry->pw_uid, entry->pw_gid};
}

void give_to_server_user(const std::filesystem::path& path) {
  const auto user = server_user();
  if (user && ::chown(path.c_str(), user->uid, user->gid) != 0) {
    throw std::runtime_error("cannot give " + path.string() + " to the user postgres");
  }
}

}  // namespace highwater::testing_support
