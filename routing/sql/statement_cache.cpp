#include "routing/sql/statement_cache.hpp"

#include <atomic>

#include "routing/sql/classify.hpp"
#include "routing/sql/shape_key.hpp"

namespace highwater::sql {
namespace {

// No key of a shape holds a NUL, so a whole text after one cannot be taken for a key.
void make_text_key(std::string_view sql, std::string& key) {
  key.assign(1, '\0');
  key += sql;
}

}  // namespace

statement_cache::answer statement_cache::find_or_classify(std::string_view sql, const catalog_ptr& cat) {
  if (sql.size() > max_examined_bytes) return {std::make_shared<const statement>(classify(sql, nullptr)), {}, false};
  follow(cat);
  const auto shape = make_shape_key(sql, key_);
  if (!shape.ok) make_text_key(sql, key_);  // only what was learned is known by its whole text
  if (const auto* const known = find(key_)) {
    ++hits_;
    return {*known, shape.hint_level, shape.bad_hint};
  }
  ++misses_;
  auto verdict = std::make_shared<const statement>(classify(sql, shape, cat.get()));
  if (shape.ok && verdict->literal_free) remember(key_, verdict);
  return {std::move(verdict), shape.hint_level, shape.bad_hint};
}

const statement_cache::answer& statement_cache::find_or_classify(std::string_view sql, const catalog_ptr& cat,
                                                                 memo& known) {
  follow(cat);
  if (known.version == version_) {
    ++hits_;
  } else {
    known.found = find_or_classify(sql, cat);
    known.version = version_;
  }
  return known.found;
}

void statement_cache::learn_write(std::string_view sql, const catalog_ptr& cat) {
  statement learned = *find_or_classify(sql, cat).what;
  learned.kind = statement_kind::write;
  learned.reason = write_reason::learned;
  learned.writes = true;
  learned.detail.clear();
  if (!make_shape_key(sql, key_).ok) make_text_key(sql, key_);
  remember(key_, std::make_shared<const statement>(std::move(learned)));
  change();
}

void statement_cache::follow(const catalog_ptr& cat) {
  if (cat == catalog_) return;
  catalog_ = cat;
  young_.clear();
  old_.clear();
  young_bytes_ = 0;
  change();
}

// What memos say is out of date.
void statement_cache::change() noexcept {
  static std::atomic<std::uint64_t> last{0};
  version_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
}

const statement_ptr* statement_cache::find(std::string_view key) {
  if (const auto known = young_.find(key); known != young_.end()) return &known->second;
  const auto known = old_.find(key);
  if (known == old_.end()) return nullptr;
  statement_ptr verdict = std::move(known->second);
  old_.erase(known);
  remember(key, std::move(verdict));
  return &young_.find(key)->second;
}

void statement_cache::remember(std::string_view key, statement_ptr what) {
  if (key.size() > bounds_.key_bytes / 8) return;
  if (young_.size() >= bounds_.entries / 2 || young_bytes_ + key.size() > bounds_.key_bytes / 2) age();
  old_.erase(key);
  const auto [place, is_new] = young_.insert_or_assign(std::string(key), std::move(what));
  if (is_new) young_bytes_ += key.size();
}

void statement_cache::age() {
  old_ = std::move(young_);
  young_.clear();
  young_bytes_ = 0;
}

}  // namespace highwater::sql
