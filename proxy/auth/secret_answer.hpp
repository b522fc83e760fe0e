#pragma once

// What looking a user up in the database has come to (auth.query), and what the rows that it gave mean.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace highwater::auth {

struct secret_answer {
  // Unavailable: it could not be looked up, which says nothing of the user; error::lookup_unavailable is for the
  // client.
  enum class outcome : std::uint8_t { found, unknown, unavailable };
  outcome what = outcome::unavailable;
  std::string rolpassword = {};  // found: as pg_authid has it; empty: no password is the right one

  bool may_log_in() const noexcept { return what == outcome::found && !rolpassword.empty(); }
  // The same for the same secret, in one process. A session keeps the one that it was let in by.
  std::uint64_t stamp() const noexcept { return std::hash<std::string>{}(rolpassword); }
};

// As PostgreSQL keeps them (NAMEDATALEN) and as it cuts the one in the startup packet: at a byte.
inline constexpr std::size_t longest_user_name = 63;

// Of the statement's answer: how large it is, and its first row; none: NULL.
struct lookup_rows {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::optional<std::string_view> name = {};
  std::optional<std::string_view> secret = {};
};

struct judged_rows {
  secret_answer answer;
  std::string problem;  // what is wrong with them, for whoever has written the statement; then it is unavailable
};

// `asked` is the name that was looked up. A row of nothing but NULL is what a function gives that is no set.
judged_rows judge(const lookup_rows& given, std::string_view asked);

}  // namespace highwater::auth
