#pragma once

// Who may log in, made once from the configuration and then only read: any thread may ask.

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "proxy/auth/scram.hpp"

namespace highwater::auth {

struct known_user {
  std::optional<scram_secret> secret;  // none with method trust, and where the configuration gives nothing usable
  std::string password;                // for logging in to servers; may be empty
};

class user_table {
public:
  // `process_key` is random and stays the same over reloads (see salt_for). A user who has only a password gets a
  // secret made from it: about 1.5 ms each. Of two entries with one name the later counts.
  static result<user_table> make(const config::auth& section, const digest& process_key);

  // Never where there are rules: which clients are trusted is theirs to say.
  bool trusts_everybody() const noexcept { return trusts_everybody_; }
  const known_user* find(std::string_view name) const noexcept;

  // The secret to start a scram_server with. Who cannot log in gets a mock one, not to be told from a real one as long
  // as all users have the same iteration count.
  result<scram_secret> secret_for(std::string_view name) const;

  // Users with a secret that is not SCRAM-SHA-256, or with neither secret nor password, who can therefore not log in.
  // In the order of the configuration; always empty with method trust.
  const std::vector<std::string>& unusable() const noexcept { return unusable_; }

private:
  struct name_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };

  user_table(const config::auth& section, const digest& process_key);
  void add(const config::user& user);

  bool trusts_everybody_;
  digest process_key_;
  std::optional<int> mock_iterations_;  // as the first usable secret has
  boost::unordered_flat_map<std::string, known_user, name_hash, std::equal_to<>> users_;
  std::vector<std::string> unusable_;
};

}  // namespace highwater::auth
