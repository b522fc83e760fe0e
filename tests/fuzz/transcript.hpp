#pragma once

// What came, as lines that can be compared, and how two accounts of one program differ.
//
// Left out of the comparison, because it may differ, is only this:
// - RowDescription: which number a table has. (That it is one is compared.) The two runs use different databases.
// - NotificationResponse: the notifier's process.
// - Errors and notices: file and line of PostgreSQL's source (F, L). What Highwater says itself comes from none.
// - ParameterStatus at login: the order. The values are compared.
// - BackendKeyData: it must be there.
// - COPY of a table: the order of its rows. It is that of the file, and no two files are the same.
// - The answers of an exchange that the client itself left unread.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/raw_messages.hpp"

namespace highwater::fuzz {

std::string line_of(const testing_support::raw::message& what);
void sort_copied_rows(std::vector<std::string>& lines);

// All that came from one moment at which nothing was due to the next one.
struct exchange {
  std::size_t first_step = 0, last_step = 0;
  std::vector<std::string> lines;
  friend bool operator==(const exchange&, const exchange&) = default;
};

// What became of a program.
struct account {
  std::vector<exchange> exchanges;
  bool stuck = false;  // something was due and did not come
};

enum class kind : std::uint8_t { differs, crosstalk, stuck };

struct difference {
  fuzz::kind kind = kind::differs;
  std::size_t step = 0;
  std::size_t exchange = 0;
  std::string expected, actual;  // the first lines that differ; empty: there is none

  // The same for what is probably the same fault: without the values.
  std::string signature() const;
};

// The tag that an asker puts into what it asks for: "@r<round>c<client>s<step>".
std::string tag(std::size_t round, std::size_t client, std::size_t step);

// The first difference; `client` is whose account it is.
std::optional<difference> compare(const account& expected, const account& actual, std::size_t client);

// Leaves out what comes about settings when they change, but for the login's.
account without_status(account told);

// In errors, "prepared statement "..."" is one and the same.
account without_names(account told);

// Both, side by side, lines that differ marked.
std::string side_by_side(const exchange& expected, const exchange& actual);

}  // namespace highwater::fuzz
