#pragma once

// The client's transaction where no server knows of it: BEGIN is answered at once and sent with the first statement
// that needs a server, because by then it is known whether the transaction only reads, and no server connection is held
// until there is something to do. Until then SET TRANSACTION adds to it, and its end costs nothing. It also has the
// level that the client asks for, which follows the transaction's end.

#include <optional>
#include <string>
#include <string_view>

#include "proxy/client/asked_level.hpp"
#include "proxy/wire/messages.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::proxy {

class transaction {
public:
  // A Query of the client's that holds one text.
  struct query {
    const sql::statement& statement;
    std::string_view sql;
    std::optional<config::level> hint;
    bool read_only_by_default = false;  // default_transaction_read_only
    bool may_begin = true;              // false: the process is going down
  };
  // The command tag with which it is answered here; none: a server has to. Only where no server has the transaction.
  std::optional<std::string_view> answer(const query& what);

  // A BEGIN has been answered, and no server has seen it.
  bool deferred() const noexcept { return !begin_.empty(); }
  // ... and the transaction has failed since: whatever a server is asked next, it is told so first.
  bool failed() const noexcept { return failed_; }
  // As the client has been told; none if nothing is deferred.
  std::optional<wire::transaction_status> status() const noexcept;
  bool reads_only() const noexcept { return read_only_; }               // it says so
  std::optional<config::level> hint() const noexcept { return hint_; }  // in a comment of its BEGIN

  // The statement with which it should have begun was answered with an error.
  void fail() noexcept { failed_ = deferred(); }

  // What a server has to be sent first: the BEGIN, and what puts the server's transaction into the client's state.
  struct opening {
    std::string begin;
    bool fails = false;       // followed by failing_statement
    bool reads_only = false;  // the transaction may live where it is placed with the reads
  };
  opening send();

  static constexpr std::string_view failing_statement =
      "ROLLBACK TO SAVEPOINT highwater_could_not_serve_this_transaction";

  asked_level level;

private:
  bool begin(const query& what);
  bool amend(const query& what);
  std::optional<std::string_view> end(const query& what);
  void forget() noexcept;

  std::string begin_;
  std::optional<config::level> hint_;
  bool read_only_ = false;
  bool read_write_ = false;  // it says READ WRITE
  bool failed_ = false;
};

}  // namespace highwater::proxy
