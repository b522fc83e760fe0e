#pragma once

// Asks a server for one user's secret after the other, as auth.query says, over a connection that is kept. It waits for
// the answer, but never for long, and is interrupted from another thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "proxy/auth/secret_answer.hpp"
#include "proxy/monitor/catalog_connection.hpp"
#include "proxy/monitor/view_board.hpp"

namespace highwater::proxy {

struct looked_up {
  // Who was asked. Nobody yet: it has been tried for less than a second, and who waits had better wait on.
  enum class whom : std::uint8_t { primary, replica, nobody_yet, nobody };

  auth::secret_answer answer = {};
  std::string problem = {};  // why it is unavailable, in one line; nothing in it is secret
  whom asked = whom::nobody;
};

class secret_lookup {
public:
  using time_point = std::chrono::steady_clock::time_point;

  secret_lookup(const config::cluster& cluster, const config::auth_query& how, view_board& board,
                const interrupt& until);

  // Not before ready_at(): where nobody could be asked, it is tried again after a while.
  looked_up look_up(const std::string& name);
  time_point ready_at() const noexcept { return ready_at_; }

private:
  looked_up ask(const std::string& name);
  looked_up refused();
  looked_up lost();
  looked_up nobody(looked_up done);
  std::string on_node() const;

  const config::cluster& cluster_;
  connection_login login_;
  std::string sql_;
  view_board& board_;
  const interrupt& until_;
  std::optional<catalog_connection> connection_;
  routing::node_index node_ = routing::no_node;  // that it leads to, or did last
  unsigned failures_ = 0;                        // one after the other, and when they began
  time_point failing_since_{};
  time_point ready_at_{};
};

}  // namespace highwater::proxy
