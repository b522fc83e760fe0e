#pragma once

// auth.query: looks users' secrets up in the database when somebody logs in, and again and again while they are logged
// in. A thread of its own with one connection, on which one name is asked for at a time; logins and those who are
// logged in take turns.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/config.hpp"
#include "proxy/auth/secret_cache.hpp"
#include "proxy/auth/standing_round.hpp"
#include "proxy/io/log_throttle.hpp"
#include "proxy/monitor/catalog_connection.hpp"
#include "proxy/monitor/secret_lookup.hpp"
#include "proxy/monitor/view_board.hpp"

namespace highwater::proxy {

class secret_service {
public:
  using teller = auth::secret_cache::teller;
  // Both are called on the service's thread. `standing`: who is logged in by what ask() had answered. `revoked`: whose
  // sessions are to end, those that this very secret let in; in each round, as long as there are any. Nobody is revoked
  // by a replica's word, nor because nobody can be asked.
  using standing_function = std::function<std::vector<auth::standing_user>()>;
  using revoked_function = std::function<void(const auth::revoked_user&)>;

  // `how` must be enabled.
  secret_service(const config::cluster& cluster, const config::auth_query& how, view_board& board,
                 standing_function standing, revoked_function revoked);
  ~secret_service();

  void start();
  // From any thread. `then` is called once: at once, on the caller's thread, if there is an answer that still holds, or
  // too many wait; else on the service's thread, and not any more after stop(). It must only post. Why something is
  // unavailable is in the log.
  void ask(std::string_view user, teller then);
  // From any thread: roles have been changed, or may have. What is known does not hold any more, and all who are logged
  // in are looked up.
  void changed();
  // Ends what is under way at once.
  void stop();

private:
  using time_point = std::chrono::steady_clock::time_point;
  using question = auth::secret_cache::question;

  void run();
  std::optional<question> next(time_point now);
  bool has_round_next(time_point now) const;
  time_point wake_at(time_point now) const;
  void list_standing(std::unique_lock<std::mutex>& lock);
  void look_up(const question& asked, std::unique_lock<std::mutex>& lock);
  std::vector<teller> settle(const question& asked, const looked_up& done);
  void tell_log(const question& asked, const looked_up& done);

  view_board& board_;
  const standing_function standing_;
  const revoked_function revoked_;
  std::mutex mutex_;  // of the cache, the round and `stopping_`
  std::condition_variable woken_;
  auth::secret_cache cache_;
  auth::standing_round round_;
  bool stopping_ = false;
  interrupt interrupt_;
  std::thread thread_;

  // The thread's own.
  secret_lookup lookup_;
  bool was_login_ = false;  // what was looked up last
  std::string told_;        // the problem that was logged last, and when
  time_point told_at_{};
  bool is_down_ = false;  // it is logged that nobody can be looked up
  log_throttle throttle_;
};

}  // namespace highwater::proxy
