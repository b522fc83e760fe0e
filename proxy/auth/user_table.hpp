#pragma once

// The users of the configuration, made once from it and then only read: any thread may ask.

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "proxy/auth/scram.hpp"
#include "proxy/auth/stored_secret.hpp"

namespace highwater::auth {

// What a client's proof is held against.
struct credential {
  std::string stored;                 // as pg_authid.rolpassword; empty: nobody can log in with a password
  std::optional<scram_secret> scram;  // `stored`, where it is one of those
  std::string password;               // in clear text, where the configuration has it; also for the servers
  bool made = false;                  // `stored` is not the servers', but made from `password`

  secret_kind kind() const { return kind_of(stored); }
};

// ... of what pg_authid.rolpassword holds.
credential credential_of(std::string rolpassword);

class user_table {
public:
  // `process_key` is random and stays the same over reloads (see salt_for). A user who has only a password gets a
  // secret made from it: about 1.5 ms each. Of two entries with one name the later counts.
  static result<user_table> make(const config::auth& section, const digest& process_key);

  const credential* find(std::string_view name) const noexcept;

  // For whom there is no credential: one of this kind that no password fits, with as many iterations as the first user
  // has. It cannot be told from a real one as long as all users are alike, and it is of the usual kind.
  result<credential> mock(std::string_view name, secret_kind kind) const;
  // That of the first user: `plain` for a password in clear text, `none` where there is nobody.
  secret_kind usual_kind() const noexcept { return usual_kind_; }

  // Users who cannot log in, as their secret is none of PostgreSQL's, or they have none. In the order of the
  // configuration; always empty where nobody is asked for one.
  const std::vector<std::string>& unusable() const noexcept { return unusable_; }

private:
  struct name_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };

  user_table(const config::auth& section, const digest& process_key);
  void add(const config::user& user, bool asked_for);

  digest process_key_;
  secret_kind usual_kind_ = secret_kind::none;
  int mock_iterations_ = default_iterations;
  boost::unordered_flat_map<std::string, credential, name_hash, std::equal_to<>> users_;
  std::vector<std::string> unusable_;
};

}  // namespace highwater::auth
