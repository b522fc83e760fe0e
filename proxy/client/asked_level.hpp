#pragma once

// The level that a session asks for with SET highwater.level, under PostgreSQL's rules for settings: SET LOCAL ends
// with the transaction, and a rollback undoes both.

#include <optional>

#include "config/level.hpp"

namespace highwater::proxy {

class asked_level {
public:
  using value = std::optional<config::level>;  // none: what the configuration says

  // At login. RESET leads back to it. `otherwise` is the level of whoever asks for none.
  void start(value at_login, config::level otherwise) noexcept {
    session_ = effective_ = login_ = at_login;
    otherwise_ = otherwise;
  }

  value get() const noexcept { return effective_; }
  value at_login() const noexcept { return login_; }

  void set(value wanted, bool in_transaction, bool local) noexcept;
  void reset(bool in_transaction, bool local) noexcept { set(login_, in_transaction, local); }

  // A rollback to a savepoint has undone some of it. Which, only the server's list of savepoints would tell: until the
  // transaction ends the strongest level that was asked for in it is kept.
  void partly_undone() noexcept;
  void transaction_over(bool rolled_back) noexcept;

private:
  struct transaction {
    value before;
    config::level strongest;
  };

  config::level otherwise_ = config::level::session;
  value login_;
  value session_;                           // in force when the transaction has been committed
  value effective_;                         // in force now
  std::optional<transaction> transaction_;  // one that has changed it
};

}  // namespace highwater::proxy
