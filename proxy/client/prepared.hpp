#pragma once

// The texts that clients prepare: servers know each by one name, whatever the clients call it.

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>

#include "proxy/server/server_session.hpp"
#include "routing/sql/statement_cache.hpp"

namespace highwater::proxy {

struct prepared_statement {
  explicit prepared_statement(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : query(memory), parameter_types(memory) {}

  statement_id id = 0;
  std::pmr::string query;
  std::pmr::string parameter_types;   // as in Parse
  settings_ptr under;                 // the settings under which servers analyse it; null: nobody else may use it
  bool names_others = false;          // EXECUTE, DEALLOCATE or PREPARE of what has a name of the client's
  mutable description_ptr described;  // as the first server that was asked described it
  mutable sql::statement_cache::memo verdict{};  // on the query

  std::size_t size() const noexcept { return query.size() + parameter_types.size(); }
};
using prepared_ptr = std::shared_ptr<const prepared_statement>;

// Does the text hold a literal such as 'now', which means the moment at which it is analysed?
bool means_the_moment(std::string_view query) noexcept;

// The texts that one worker's sessions have prepared. Keyed by the full text and types, never by a hash alone, and by
// the settings: a server turns literals into values and looks up types when it analyses a text, so what search_path,
// TimeZone or DateStyle were then stays in the statement.
class prepared_registry {
public:
  // Unnamed statements come with each query that is not prepared, and go with the next: they live in `memory`, which
  // outlives them.
  explicit prepared_registry(std::pmr::memory_resource* memory = std::pmr::get_default_resource()) : memory_(memory) {}

  // `schema`: a number that grows when tables have changed. What was prepared before that is not handed out any more,
  // as the servers that have it would refuse to run it.
  prepared_ptr intern(std::string_view query, std::string_view parameter_types, const settings_ptr& under,
                      std::uint64_t schema = 0);
  // One that is nobody else's.
  prepared_ptr make_private(std::string_view query, std::string_view parameter_types, bool names_others = false);
  // Forgets what no session refers to any more.
  void sweep();

private:
  struct key_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  std::pmr::memory_resource* memory_;
  boost::unordered_flat_map<std::string, prepared_ptr, key_hash, std::equal_to<>> known_;
  std::string key_;  // reused
  std::uint64_t schema_ = 0;
  std::size_t sweep_at_ = 256;
};

}  // namespace highwater::proxy
