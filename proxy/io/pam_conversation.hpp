#pragma once

// Whether this machine's PAM lets a user in who has this password: libpam, which blocks, for as long as its modules
// like. Some of them are not made for several threads at once: one conversation at a time.

#include <string>
#include <string_view>

namespace highwater::proxy {

struct pam_outcome {
  bool lets_in = false;
  std::string reason{};  // why not, in PAM's words, and what its modules call errors; these also of who is let in
};

// `service`: a file in /etc/pam.d. `remote_host`: where the user comes from; empty: from this machine. Who is let in
// has shown the password, and has an account that has not expired.
pam_outcome converse_with_pam(const std::string& service, const std::string& user, std::string_view password,
                              const std::string& remote_host);

}  // namespace highwater::proxy
