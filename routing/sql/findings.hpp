#pragma once

// What a walk over a parse tree, or over the relations that it names, finds out. Grows as more is looked at.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "routing/sql/statement.hpp"

namespace highwater::sql {

struct findings {
  write_reason reason = write_reason::none;  // the first one found
  std::string detail;
  std::vector<relation> relations;  // as the text names them, without duplicates
  bool hidden_relations = false;
  pin_reason pin = pin_reason::none;
  std::vector<std::string> settings;  // by set_config() with a constant name
  bool local_settings = false;        // by set_config(), for the transaction only
  bool literal_free = true;
  bool reads_sequences = false;
  bool releases_locks = false;
  bool modifies = false;  // data, whatever else was found first
  bool takes_lock = false;
  bool changes_reading = false;  // as in statement
  bool sets_locally = false;     // a setting, by a set_config() that ends with the transaction
  residue leaves = residue::nothing;
  name_set names;  // of all that the catalogue was asked about

  void refuse(write_reason why, std::string_view what) {
    modifies |= why == write_reason::modifies_data;
    if (reason != write_reason::none) return;
    reason = why;
    detail = what;
  }
  // The catalogue does not know it, or not yet: it may run any code, and leave anything behind.
  void meet_unknown(std::string_view what) {
    refuse(write_reason::unknown_name, what);
    leave(residue::discardable);
  }
  // By code that is called: what it has made, its session may want to find again.
  void leave_state(residue what) {
    if (what == residue::nothing) return;
    if (what == residue::lasting) leave(what);
    pin_to(pin_reason::stateful_function);
  }
  void leave(residue what) { leaves = std::max(leaves, what); }
  void pin_to(pin_reason why) {
    if (pin == pin_reason::none) pin = why;
  }
};

// Adds what is not there yet.
void add_relation(std::vector<relation>& relations, std::string_view schema, std::string_view name);

// "schema.name", or the name alone.
std::string printed(std::string_view schema, std::string_view name);

class catalog;

// Looks up every relation that was found and adds what lies behind it. With no catalogue none is known.
void resolve_relations(findings& found, const catalog* cat);

}  // namespace highwater::sql
