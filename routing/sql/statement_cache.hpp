#pragma once

// Remembers verdicts by the shape of their texts, so that the parser runs once per shape and not once per query.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/level.hpp"
#include "routing/sql/catalog.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::sql {

// For one thread. Holds verdicts under one catalogue: when it is given another one it forgets everything.
class statement_cache {
public:
  struct limits {
    std::size_t entries = 8192;
    std::size_t key_bytes = 16U << 20U;  // of all keys together
  };
  struct answer {
    statement_ptr what;                       // never null
    std::optional<config::level> hint_level;  // of this very text, not of its shape
    bool bad_hint = false;
  };

  // What was found for one text, kept beside it by whoever has it asked again and again.
  struct memo {
    answer found;
    std::uint64_t version = 0;  // 0: nothing yet
  };

  statement_cache() : statement_cache(limits{}) {}
  explicit statement_cache(limits bounds) : bounds_(bounds) { change(); }

  // Allocates nothing if the shape was used lately.
  answer find_or_classify(std::string_view sql, const catalog_ptr& cat);
  // The same of a text that has a memo, which may come from another cache: then it says nothing.
  const answer& find_or_classify(std::string_view sql, const catalog_ptr& cat, memo& known);

  // A replica refused the text (consistency rule 15): its shape is a write from now on, until the catalogue changes or
  // the entry has long not been used.
  void learn_write(std::string_view sql, const catalog_ptr& cat);

  std::uint64_t hits() const noexcept { return hits_; }
  std::uint64_t misses() const noexcept { return misses_; }  // texts that went through the parser
  std::size_t size() const noexcept { return young_.size() + old_.size(); }

private:
  struct key_hash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>{}(key); }
  };
  using generation = boost::unordered_flat_map<std::string, statement_ptr, key_hash, std::equal_to<>>;

  void follow(const catalog_ptr& cat);
  void change() noexcept;
  const statement_ptr* find(std::string_view key);
  void remember(std::string_view key, statement_ptr what);
  void age();

  limits bounds_;
  catalog_ptr catalog_;
  // Two generations: what is used moves to the young one; when that is full the old one, unused since, is dropped.
  generation young_, old_;
  std::size_t young_bytes_ = 0;
  std::string key_;  // scratch
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t version_ = 0;  // of the verdicts; no two caches of the process ever have the same
};

}  // namespace highwater::sql
