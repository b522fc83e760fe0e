#pragma once

// The end of an exchange: what has become of the session's settings, and of what keeps it on its connection; what the
// server has to be asked to know that; and whether the connection is free then. No I/O, no clock.

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/client/client_state.hpp"
#include "proxy/client/exchange.hpp"
#include "proxy/server/settings.hpp"

namespace highwater::proxy {

class closing {
public:
  enum class move : std::uint8_t {
    none,     // the transaction goes on
    ask,      // the server this question, whose answer is one row: answered() follows
    release,  // the connection is free
    keep,     // the session stays on it, and wants its settings there
  };
  struct step {
    move next = move::none;
    std::string question;           // SQL
    std::string told;               // what the client is sent first
    bool adopted_settings = false;  // the session has others than before
  };

  closing(exchange& under_way, client_state& client, settings_interner& interner) noexcept
      : under_way_(under_way), client_(client), interner_(interner) {}

  // All that was sent has been answered.
  step over();
  // The question has been: a DataRow's body, empty if the server did not say.
  step answered(std::string_view row);

private:
  server_session& server() noexcept { return under_way_.server(); }
  void reset_settings();
  void settings_answered(std::string_view row);
  void adopt(settings_ptr now);
  void tell_parameters();
  std::string_view value_now(std::string_view name, std::string_view at_login);
  step doubt_pins();
  step finish();

  exchange& under_way_;
  client_state& client_;
  settings_interner& interner_;
  step step_;
};

}  // namespace highwater::proxy
