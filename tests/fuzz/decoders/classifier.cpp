// The texts of statements: whether a replica may run them (rule 14 of docs/consistency.md).
//
// Whoever has DELETE in front of a text or behind it has no read. A read is nothing else besides. The verdict is the
// same when it is remembered as when it is found, and the same for a text that has other literals and other gaps where
// the remembered one counts for both.

#include "routing/sql/classify.hpp"

#include <algorithm>
#include <cctype>

#include "routing/sql/statement_cache.hpp"
#include "tests/fuzz/decoders/harness.hpp"
#include "tests/unit/sql/pg15_catalog.hpp"

namespace highwater::fuzz {
namespace {

using namespace sql;

// libpg_query is not instrumented: longer texts are slower, and find no more.
constexpr std::size_t most_bytes = 2048;

const catalog_ptr& shop() {
  static const catalog_ptr known(testing_support::shop_catalog(), [](const catalog*) {});
  return known;
}

std::string told(const std::optional<name_in_text>& name) {
  return name ? name->name + "@" + std::to_string(name->offset) + "+" + std::to_string(name->length) : "";
}

std::string told(const setting_changes& settings) {
  std::string out;
  for (const auto& each : settings) out += each.name + (each.to_default ? "!" : "") + ",";
  return out;
}

std::string told_of_tables(const statement& what) {
  std::string out;
  for (const auto& each : what.relations) out += each.schema + "." + each.name + ",";
  return out;
}

std::string told_of_logins(const login_change& logins) {
  std::string out = std::to_string(logins.scopes.size()) + " ";
  for (const auto& each : logins.vacates) out += each + ",";
  return out;
}

std::string told_of_flags(const statement& what) {
  std::string out;
  for (const bool each : {what.writes,
                          what.ends_transaction,
                          what.takes_lock,
                          what.hidden_relations,
                          what.changes_schema,
                          what.creates_objects,
                          what.misplaced_internal,
                          what.local_settings,
                          what.changes_reading,
                          what.resets_all_settings,
                          what.discards_all,
                          what.deallocates_all,
                          what.touches.everything,
                          what.reads_sequences,
                          what.releases_locks,
                          what.serializable,
                          what.chains,
                          what.literal_free,
                          what.read_only.has_value(),
                          what.read_only.value_or(false),
                          what.internal.has_value(),
                          what.logins.any()})
    out += each ? '1' : '0';
  return out;
}

std::string told(const statement& what) {
  const auto number = [](auto value) { return std::to_string(static_cast<unsigned>(value)) + " "; };
  return number(what.kind) + number(what.reason) + what.detail + " " + told_of_flags(what) + " " +
         told_of_tables(what) + " " + told(what.settings) + number(what.leaves) + number(what.pin) +
         told_of_logins(what.logins) + number(what.names.size()) + number(what.touches.any()) + told(what.deallocates) +
         told(what.executes) + told(what.prepares) + number(what.statement_count);
}

void check_kind(const statement& what) {
  must((what.kind == statement_kind::write) == (what.reason != write_reason::none), "a write has a reason, alone");
  if (what.kind != statement_kind::read) return;
  must(!what.writes && !what.changes_schema && !what.creates_objects && !what.ends_transaction, "a read is only that");
  must(!what.takes_lock && what.leaves == residue::nothing && what.pin == pin_reason::none, "a read leaves nothing");
  must(what.settings.empty() && !what.local_settings && !what.resets_all_settings, "a read sets nothing");
  must(!what.prepares && !what.executes && !what.deallocates && !what.deallocates_all, "a read prepares nothing");
  must(what.statement_count > 0 && !what.logins.any() && !what.touches.any(), "a read is something that was asked");
}

void check_with_write(std::string_view text) {
  const std::string write = "delete from orders";
  for (const auto& each : {std::string(text) + "\n;" + write, write + ";\n" + std::string(text)}) {
    must(classify(each, shop().get()).kind == statement_kind::write, "what has a write in it is a write");
  }
}

// Other digits, other characters in strings, other gaps; whether it still means the same, only the key says.
std::string with_other_literals(std::string_view text) {
  std::string out;
  bool in_string = false;
  for (const char each : text) {
    if (each == '\'') in_string = !in_string;
    const bool digit = each >= '0' && each <= '9';
    if (digit)
      out += static_cast<char>('0' + (each - '0' + 1) % 10);
    else if (in_string && std::isalpha(static_cast<unsigned char>(each)))
      out += 'z';
    else if (!in_string && each == ' ')
      out += "\t/* */\n";
    else
      out += each;
  }
  return out;
}

void check_key(std::string_view text, const statement& verdict) {
  std::string key, other_key;
  const auto other = with_other_literals(text);
  const auto shape = make_shape_key(text, key);
  must(key.size() <= text.size(), "a key is no longer than its text");
  if (!shape.ok || !make_shape_key(other, other_key).ok || key != other_key) return;
  const auto of_other = classify(other, shop().get());
  // An escape that there is not, say: the server refuses it, wherever it goes.
  if (!verdict.literal_free || of_other.reason == write_reason::parse_failed) return;
  must_equal(told(of_other), told(verdict), "one key, one verdict");
}

void check_cache(std::string_view text, const statement& verdict) {
  statement_cache cache;
  must_equal(told(*cache.find_or_classify(text, shop()).what), told(verdict), "a verdict is the same when it is new");
  must_equal(told(*cache.find_or_classify(text, shop()).what), told(verdict), "... and when it is remembered");
  cache.learn_write(text, shop());
  must(cache.find_or_classify(text, shop()).what->kind == statement_kind::write, "what is learned is a write");
}

// Whoever knows nothing takes nothing for a read that knowledge would show to be none.
void check_without_catalogue(std::string_view text, const statement& verdict) {
  const auto ignorant = classify(text, nullptr);
  check_kind(ignorant);
  if (ignorant.kind == statement_kind::read) must(verdict.kind == statement_kind::read, "ignorance proves nothing");
}

}  // namespace
}  // namespace highwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::fuzz;
  const auto text = text_of(data, std::min(size, most_bytes));
  const auto verdict = highwater::sql::classify(text, shop().get());
  check_kind(verdict);
  check_with_write(text);
  check_key(text, verdict);
  check_cache(text, verdict);
  check_without_catalogue(text, verdict);
  return 0;
}
