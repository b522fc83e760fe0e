#pragma once

// Finds what of a client's prepared statements a server connection has to be given before a batch can be sent on it.

#include <optional>
#include <string>
#include <string_view>

#include "proxy/client/failing_bind.hpp"
#include "proxy/client/preparation.hpp"
#include "proxy/client/writing.hpp"
#include "proxy/wire/batch_scanner.hpp"

namespace highwater::proxy {

class statement_needs {
public:
  // Adds to `found`, in the order in which it is needed.
  statement_needs(const writing& about, preparation& found) : about_(about), needs_(found), failing_(about) {}

  // `by_turns`: what is prepared in front would, if it failed, fail what stands before its turn too. So only the first
  // message may need anything; returned is where the batch has to be cut for that, if it has to.
  std::optional<std::size_t> of_batch(const wire::batch_scanner& batch, std::string_view bytes, bool by_turns = false);
  void of_message(const wire::frame& message);

private:
  void of_what_is_executed(const sql::statement& what);
  void of_statement(std::string_view name);
  void make_usable_here(std::string_view name, named_statement& known);
  std::string server_text(std::string_view sql);

  const writing& about_;
  preparation& needs_;
  failing_bind failing_;
  std::size_t at_ = 0;
};

// What was due has been answered, up to the first that the server has refused; see preparation::answered().
void note_prepared(preparation& needs, const writing& about, std::string_view refusal);
// What the connection has been given is there: compares it with what the client was told.
void compare_prepared(preparation& needs, const writing& about);

}  // namespace highwater::proxy
