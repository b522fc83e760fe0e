#pragma once

// auth::login_backoff for the whole process: whoever guesses is slowed down, whichever worker it meets. Nobody is
// refused for what others do who share an address: behind a balancer all clients have one.

#include <mutex>
#include <string_view>

#include "proxy/auth/login_backoff.hpp"

namespace highwater::proxy {

class login_guard {
public:
  // For how long the answer to a failed login is to be held back. `address`: its bytes.
  std::chrono::milliseconds failed(std::string_view address, std::string_view user, auth::instant now) {
    const std::scoped_lock lock(mutex_);
    return backoff_.failed(auth::origin_of(auth::as_bytes(address)), user, now);
  }
  void succeeded(std::string_view address, auth::instant now) {
    const std::scoped_lock lock(mutex_);
    backoff_.succeeded(auth::origin_of(auth::as_bytes(address)), now);
  }

private:
  std::mutex mutex_;
  auth::login_backoff backoff_{{.refused_from = 0}};
};

}  // namespace highwater::proxy
