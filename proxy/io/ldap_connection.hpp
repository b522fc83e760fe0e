#pragma once

// A connection to one server of an LDAP directory: libldap, which blocks. No thread that others wait for may use it.
// https://www.rfc-editor.org/rfc/rfc4511

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ldap;

namespace highwater::proxy {

class ldap_connection {
public:
  struct target {
    std::string uri;
    bool start_tls = false;
    std::string ca;  // whose certificates are believed, in PEM; empty: as ldap.conf says
  };
  struct outcome {
    int code = 0;      // a resultCode, or one of libldap's own below zero
    std::string text;  // in libldap's words and the server's; empty if it has succeeded

    bool succeeded() const noexcept { return code == 0; }
    // Nothing is said about what was asked: another server may answer.
    bool unavailable() const noexcept;
  };
  enum class scope : std::uint8_t { sub, one, base };

  // All that is done may take `limit` together, but for the look-up of the host's name: that the resolver bounds.
  ldap_connection(target to, std::chrono::milliseconds limit);
  ~ldap_connection();

  // With TLS, where it is asked for.
  outcome open();
  // May be done again, as somebody else. An empty password is nobody's: a server lets it in without knowing whom.
  outcome bind(const std::string& dn, std::string_view password);
  // The names of the entries that are found, of which the first two suffice. Referrals are not followed.
  outcome search(const std::string& base, scope how_far, const std::string& filter, std::vector<std::string>& found);

private:
  outcome set_up();
  bool stop_blocking();
  outcome ask_for_tls();
  outcome shake_hands();
  outcome told(int code) const;
  bool bound_time();

  target to_;
  std::chrono::steady_clock::time_point until_;
  std::unique_ptr<struct ldap, void (*)(struct ldap*)> ldap_;
};

}  // namespace highwater::proxy
