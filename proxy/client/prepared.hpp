#pragma once

// Prepared statements in transaction pooling: a client's names are its own, the servers know each text by one name.

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/level.hpp"
#include "proxy/server/server_connection.hpp"
#include "routing/catalog.hpp"
#include "routing/statement.hpp"

namespace highwater::proxy {

struct prepared_statement {
  statement_id id = 0;  // 0: exists only as one session's unnamed statement
  std::string query;
  std::string parameter_types;  // as in Parse
  settings_ptr under;           // the settings under which servers analyse it; null: nobody else may use it
};
using prepared_ptr = std::shared_ptr<const prepared_statement>;

// Does the text hold a literal such as 'now', which means the moment at which it is analysed?
bool means_the_moment(std::string_view query) noexcept;

// The texts that one worker's sessions have prepared. Keyed by the full text and types, never by a hash alone, and by
// the settings: a server turns literals into values and looks up types when it analyses a text, so what search_path,
// TimeZone or DateStyle were then stays in the statement.
class prepared_registry {
public:
  // `schema`: a number that grows when tables have changed. What was prepared before that is not handed out any more,
  // as the servers that have it would refuse to run it.
  prepared_ptr intern(std::string_view query, std::string_view parameter_types, const settings_ptr& under,
                      std::uint64_t schema = 0);
  // One that is nobody else's.
  static prepared_ptr make_private(std::string_view query, std::string_view parameter_types);
  // Forgets what no session refers to any more.
  void sweep();

private:
  struct key_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  boost::unordered_flat_map<std::string, prepared_ptr, key_hash, std::equal_to<>> known_;
  std::string key_;  // reused
  std::uint64_t schema_ = 0;
  std::size_t sweep_at_ = 256;
};

// One session's names. A name exists from its ParseComplete on; until then the change can be undone, because an error
// earlier in the batch makes the server skip it.
class prepared_names {
public:
  const prepared_ptr* find(std::string_view name) const;
  std::size_t size() const noexcept { return names_.size(); }

  void add(std::string_view name, prepared_ptr what);
  // The same statement, by another name of the servers'. The client does not notice.
  void replace(std::string_view name, prepared_ptr what);
  void remove(std::string_view name);
  void clear() noexcept;

  // The oldest change that is pending has happened, or will not happen.
  void confirm() noexcept;
  void revoke();
  bool has_pending() const noexcept { return !pending_.empty(); }

private:
  struct change {
    std::string name;
    prepared_ptr before;  // null: did not exist
  };
  struct name_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  boost::unordered_flat_map<std::string, prepared_ptr, name_hash, std::equal_to<>> names_;
  std::vector<change> pending_;  // oldest first
};

}  // namespace highwater::proxy
