#pragma once

// What one exchange with a server (all that is sent until the connection is idle again) does to the session's settings.
// A SET may be undone by a rollback, also one to a savepoint, so the server is asked afterwards what has come of it. A
// RESET leads back to what the client logged in with, which on a shared connection is not the server's own default.

#include <optional>
#include <string>
#include <string_view>

#include "proxy/server/settings.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::proxy {

class settings_exchange {
public:
  // A statement is sent for execution. `alone`: it is the only one of a transaction of its own.
  void note(const sql::statement& what, bool alone);
  // Behind a RESET these have been set again, to what the client logged in with.
  void restored(const session_settings& to);
  // May it have changed who one is?
  bool changes_identity() const;
  // The server said ROLLBACK: something was undone, or all of it.
  void undone() noexcept { undone_ = true; }
  // Is the setting, in any case, among those that go back to where they were at login, and is the statement that does
  // so under way still?
  bool resets(std::string_view name) const noexcept;
  // All that was sent so far has been answered.
  void reset_answered() noexcept { resets_ = false; }
  bool pending() const noexcept { return all_ || !touched_.empty(); }
  void clear() { *this = {}; }

  // All has been answered. `failed`: the transaction has come to nothing.
  //   nothing  the settings are what they were
  //   reset    the connection has none any more, and the session those that it logged in with
  //   inquire  ask the server: inquiry()
  enum class outcome : std::uint8_t { nothing, reset, inquire };
  outcome over(bool failed, const session_settings& on_server);

  std::string inquiry() const;  // SQL, of one row

  struct settled {
    session_settings own;
    session_settings on_server;
  };
  // From the inquiry's answer, a DataRow's body. `own` and `on_server` as they were before, `login` as at the start of
  // the session. None if the row is malformed.
  std::optional<settled> answered(std::string_view row, const session_settings& own, const session_settings& on_server,
                                  const session_settings& login) const;

private:
  bool touches(std::string_view name) const;
  void touch_what_is_encoded(const session_settings& on_server);

  sql::setting_changes touched_;
  bool resets_ = false;     // some have been reset, and the answer to that is not over
  bool all_ = false;        // RESET ALL, DISCARD ALL
  bool all_alone_ = false;  // ... alone
  bool discards_ = false;   // DISCARD ALL: who one is goes with the rest
  bool undone_ = false;
  bool failed_ = false;
};

}  // namespace highwater::proxy
