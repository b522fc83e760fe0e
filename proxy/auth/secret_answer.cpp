#include "proxy/auth/secret_answer.hpp"

namespace highwater::auth {
namespace {

using outcome = secret_answer::outcome;

constexpr std::size_t longest_secret = 1'024;  // a SCRAM secret has about 130

judged_rows wrong(std::string problem) {
  return {{}, "auth.query.sql " + std::move(problem)};
}

}  // namespace

judged_rows judge(const lookup_rows& given, std::string_view asked) {
  if (given.columns != 2) {
    return wrong("gives " + std::to_string(given.columns) + " columns; it must give the name and the secret");
  }
  if (given.rows > 1)
    return wrong("gives " + std::to_string(given.rows) + " rows for one name; it must give at most one");
  if (given.rows == 0 || (!given.name && !given.secret)) return {{outcome::unknown}, {}};
  if (given.name != asked) return wrong("gives another name than the one that it is asked for");
  const auto secret = given.secret.value_or(std::string_view{});
  if (secret.size() > longest_secret) return wrong("gives a secret of more than 1024 bytes");
  return {{outcome::found, std::string{secret}}, {}};
}

}  // namespace highwater::auth
