#pragma once

// Finds what of a client's prepared statements a server connection has to be given before a batch can be sent on it.

#include <string>
#include <string_view>

#include "proxy/client/failing_bind.hpp"
#include "proxy/client/preparation.hpp"
#include "proxy/client/writing.hpp"
#include "proxy/wire/batch_scanner.hpp"

namespace highwater::proxy {

class statement_needs {
public:
  // Adds to `found`.
  statement_needs(const writing& about, preparation& found) : about_(about), needs_(found), failing_(about) {}

  void of_batch(const wire::batch_scanner& batch, std::string_view bytes);
  void of_message(const wire::frame& message);

private:
  void of_what_is_executed(const sql::statement& what);
  void of_statement(std::string_view name);
  void make_usable_here(std::string_view name, named_statement& known);
  std::string server_text(std::string_view sql);

  const writing& about_;
  preparation& needs_;
  failing_bind failing_;
};

// What the connection has been given is there: compares it with what the client was told.
void compare_prepared(preparation& needs, const writing& about);

}  // namespace highwater::proxy
