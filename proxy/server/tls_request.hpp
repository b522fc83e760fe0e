#pragma once

// Whether a server is spoken to with TLS, as libpq's sslmode has it: `allow` begins without and tries with it, `prefer`
// the other way round, where the server lets nobody in; the stricter ones never go without. No I/O.

#include "config/config.hpp"

namespace highwater::proxy {

class tls_request {
public:
  explicit tls_request(config::tls_mode mode) noexcept
      : mode_(mode), asks_(mode != config::tls_mode::disable && mode != config::tls_mode::allow) {}

  // Is the server asked for it, this time?
  bool asks() const noexcept { return asks_; }

  enum class verdict : unsigned char { encrypt, in_clear, unsupported, nonsense };
  // The one byte that it answers with.
  verdict answered(char byte) const noexcept {
    if (byte == 'S') return verdict::encrypt;
    if (byte != 'N') return verdict::nonsense;  // the 'E' of an ErrorResponse, too, which anybody could have sent
    return gives_way() ? verdict::in_clear : verdict::unsupported;
  }

  // It lets nobody in like this; `encrypted`: with TLS. True, once, if there is another way to try.
  bool try_other_way(bool encrypted) noexcept {
    const bool other =
        !tried_ && (mode_ == config::tls_mode::allow || (mode_ == config::tls_mode::prefer && encrypted));
    tried_ = true;
    if (other) asks_ = !asks_;
    return other;
  }

private:
  // Also `allow`, whose first try had been refused: there is nothing left to try then.
  bool gives_way() const noexcept { return mode_ == config::tls_mode::prefer || mode_ == config::tls_mode::allow; }

  config::tls_mode mode_;
  bool asks_;
  bool tried_ = false;
};

}  // namespace highwater::proxy
