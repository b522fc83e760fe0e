#pragma once

// What statements do to a session's settings (GUCs), as far as it can be read from them: which names they touch, and
// whether they leave them at their default. What the values are, only the server knows.

#include <string>
#include <string_view>
#include <vector>

namespace highwater::sql {

struct setting_change {
  std::string name;         // lower case
  bool to_default = false;  // RESET, SET ... TO DEFAULT, or RESET ALL behind another change
  friend bool operator==(const setting_change&, const setting_change&) = default;
};
using setting_changes = std::vector<setting_change>;  // without duplicates

// The later of two changes to one name counts.
void touch(setting_changes& in, std::string_view name, bool to_default);

// Does it last until the transaction ends, however it is set, and say what the transaction may do? Lower case.
bool is_of_the_transaction(std::string_view setting) noexcept;

// May texts mean something else, byte by byte, once it has that value? The verdicts on them are for standard strings,
// and for encodings in which no byte of a longer character is ASCII. Lower case; any case for the value, none if it is
// not known.
bool changes_reading(std::string_view setting, std::string_view value) noexcept;

// RESET ALL. Only what was touched before is named; any other setting is reset too. Who one is stays as it is.
void touch_all(setting_changes& in) noexcept;

}  // namespace highwater::sql
