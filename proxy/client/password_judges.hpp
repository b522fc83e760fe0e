#pragma once

// Who judges passwords that are not known here: the directory and PAM are asked on threads of their own, so that one
// that never answers keeps back only who waits for it.

#include <functional>

#include "proxy/auth/elsewhere.hpp"
#include "proxy/io/waiting_work.hpp"

namespace highwater::proxy {

class password_judges {
public:
  // Is still somebody there who wants to know?
  using wanted = std::function<bool()>;
  using told = std::function<void(const auth::verdict&)>;

  // From any thread. `then` is called once, on another thread, and must only post; not any more after stop(), nor where
  // it is not wanted when its turn comes. False: too many wait already.
  bool ask(const auth::question& what, wanted still, told then);
  void stop() noexcept;

private:
  // What a directory takes is spent waiting.
  static constexpr unsigned directory_threads = 8;
  // More logins than may be under way by default (limits.max_logins) would only wait for their end.
  static constexpr std::size_t most_waiting = 1'000;

  waiting_work directory_{"ldap", directory_threads, most_waiting};
  waiting_work pam_{"pam", 1, most_waiting};
};

// These block until it is answered.
auth::verdict judge(const auth::ldap_question& what);
auth::verdict judge(const auth::pam_question& what);

}  // namespace highwater::proxy
