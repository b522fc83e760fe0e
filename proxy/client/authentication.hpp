#pragma once

// How a client proves that it is who it says: the exchange behind its startup packet, as the rule says that applies to
// it. Sans-io: a secret that is kept elsewhere, a check that takes too long for whom others wait, and a password that
// somebody else judges are asked for by step::look_up, step::verify and step::ask, and answered from outside. Whoever
// may not come in is answered the same, after the same work, whether it is the name that is not known or the password
// that is wrong; but for what a directory or PAM lets be seen.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/auth/access.hpp"
#include "proxy/auth/channel_binding.hpp"
#include "proxy/auth/elsewhere.hpp"
#include "proxy/auth/md5.hpp"
#include "proxy/auth/scram_server.hpp"
#include "proxy/server/server_credentials.hpp"

namespace highwater::proxy {

// What is known of a client's connection, apart from what it says.
struct client_surroundings {
  auth::channel channel{};
  bool shows_certificate = false;              // one that an authority of ours has signed
  std::string certificate_name{};              // its common name
  std::function<std::string()> system_user{};  // what the operating system calls it; may take its time
  std::string address{};                       // of what machine it is; empty: of this one
};

class authentication {
public:
  enum class step : std::uint8_t {
    more,      // send what is in `out`, read on
    look_up,   // find out what the user's secret is, and call looked_up()
    verify,    // run check() somewhere, and call verified() with what it says
    ask,       // what question() says, and call answered()
    accepted,  // what is in `out` goes first
    refused,   // for the reason that why() has
  };
  using check = std::function<auth::result<void>()>;

  struct randomness {
    std::string nonce;
    auth::md5_salt salt;
  };
  // `rule` is one of `access`.
  authentication(auth::access_ptr access, const auth::rule& rule, std::string user, client_surroundings around,
                 randomness random);

  step begin(std::string& out);
  // The body of a PasswordMessage, which is what all answers are.
  step take(std::string_view body, std::string& out);
  // What pg_authid.rolpassword holds; none for a user who is not there.
  step looked_up(std::optional<std::string> rolpassword, std::string& out);
  const check& to_verify() const noexcept { return check_; }
  step verified(const auth::result<void>& how);
  const auth::question& question() const noexcept { return *question_; }
  step answered(const auth::verdict& how);

  // Whether it is let in for a password that it knows.
  bool by_password() const noexcept {
    return config::asks_for_password(rule_.method) || config::asks_elsewhere(rule_.method);
  }
  // What the log is to know besides, of what was asked; empty mostly.
  const std::string& remark() const noexcept { return remark_; }

  boost::system::error_code why() const noexcept { return why_; }
  // What it has shown, and can be shown to the servers. None before it is accepted, nor where nothing was shown.
  const std::optional<server_credentials>& proven() const noexcept { return proven_; }

private:
  enum class stage : std::uint8_t {
    begin,
    looking_up,
    sasl_initial,
    sasl_response,
    md5,
    cleartext,
    verifying,
    asking,
    done
  };

  bool certificate_holds();
  step begin_method(std::string& out);
  step begin_cert();
  step begin_peer();
  step ask(std::string& out);
  bool mock(auth::secret_kind kind);
  bool speaks_md5() const;
  step ask_for_scram(std::string& out);
  step first_response(std::string_view body, std::string& out);
  step final_response(std::string_view body, std::string& out);
  step md5_response(std::string_view body);
  step ask_for_cleartext(std::string& out);
  step cleartext_response(std::string_view body);
  step ask_elsewhere();
  step accept();
  step refuse(boost::system::error_code why);

  auth::access_ptr access_;
  const auth::rule& rule_;
  std::string user_;
  client_surroundings around_;
  randomness random_;
  stage stage_ = stage::begin;
  auth::credential credential_;
  std::optional<auth::scram_server> scram_;
  std::string shown_;  // the password in clear text
  check check_;
  std::optional<auth::question> question_;
  std::string remark_;
  boost::system::error_code why_;
  std::optional<server_credentials> proven_;
};

}  // namespace highwater::proxy
