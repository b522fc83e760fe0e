#include "tests/support/documented_sql.hpp"

#include "tests/support/process.hpp"

namespace highwater::testing_support {
namespace {

std::string text_of(const std::string& file, const std::string& begin, const std::string& end) {
  const auto from = file.find(begin) + begin.size();
  return file.substr(from, file.find(end, from) - from);
}

}  // namespace

std::string documented_lookup_function() {
  const auto page = read_file(HIGHWATER_SOURCE_DIR "/docs/operations.md");
  auto sql = text_of(page.substr(page.find("### Users looked up in the database")), "```sql\n", "```");
  const std::string role = "CREATE ROLE highwater_auth LOGIN PASSWORD '…';";
  return sql.replace(sql.find(role), role.size(), "");
}

}  // namespace highwater::testing_support
