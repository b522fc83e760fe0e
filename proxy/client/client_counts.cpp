#include "proxy/client/client_counts.hpp"

#include <optional>
#include <utility>

#include "config/allowed.hpp"

namespace highwater::proxy {

namespace {

wire::error too_many(const std::string& what, const std::string& name, unsigned most, const char* option) {
  return {std::string(wire::sqlstate::too_many_connections), "too many connections for " + what + " \"" + name + "\"",
          "Highwater serves at most " + std::to_string(most) + " of its clients at a time.",
          "Raise clients in " + std::string(option) + ", or let the application keep fewer connections."};
}

}  // namespace

client_counts::place::place(client_counts& in, std::string user, std::string database)
    : counts_(in), user_(std::move(user)), database_(std::move(database)) {}

client_counts::place::~place() {
  const std::scoped_lock lock(counts_.mutex_);
  leave(counts_.users_, user_);
  leave(counts_.databases_, database_);
}

void client_counts::leave(counts& of, const std::string& name) {
  const auto found = of.find(name);
  if (--found->second == 0) of.erase(found);
}

std::variant<client_counts::place_ptr, wire::error> client_counts::enter(const config::limits& limits,
                                                                         const std::string& user,
                                                                         const std::string& database) {
  const auto of_user = config::clients_of_user(limits, user);
  const auto of_database = config::clients_of_database(limits, database);
  const std::scoped_lock lock(mutex_);
  const auto full = [](const counts& all, const std::string& name, std::optional<unsigned> most) {
    const auto found = all.find(name);
    return most && found != all.end() && found->second >= *most;
  };
  if (full(users_, user, of_user)) return too_many("role", user, *of_user, "limits.per_user");
  if (full(databases_, database, of_database))
    return too_many("database", database, *of_database, "limits.per_database");
  auto made = std::make_unique<place>(*this, user, database);
  ++users_[user];
  ++databases_[database];
  return made;
}

}  // namespace highwater::proxy
