#pragma once

// A client's way in, as a sans-io exchange: startup packet, authentication, and what it asked for.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/auth/access.hpp"
#include "proxy/client/authentication.hpp"
#include "proxy/wire/errors.hpp"
#include "proxy/wire/messages.hpp"
#include "proxy/wire/replication.hpp"
#include "proxy/wire/startup.hpp"

namespace highwater::proxy {

struct encryption_offer {
  bool tls = false;                // to whoever asks for it
  bool required = false;           // nobody comes in without
  std::string certificate_hash{};  // see auth::channel
};

// Where a client comes in, and who may.
struct doorway {
  auth::access_ptr access;
  encryption_offer encryption{};
  std::optional<config::ip> address{};         // none: by a Unix-domain socket
  std::function<std::string()> system_user{};  // who that is for the operating system; may take its time
  config::admin console{};                     // its name, and whether there is one
  bool operates = false;                       // nobody but operators comes in here: who may open it needs no more
};

class login {
public:
  enum class step : std::uint8_t {
    more,      // send what is in `out`, read on
    encrypt,   // send what is in `out`; what comes next is TLS, and has begun already if `bytes` is not used up
    look_up,   // as in `authentication`: answered by looked_up()
    verify,    // ... by verified(), with what to_verify() says
    ask,       // ... by answered(), with what is said to question()
    accepted,  // authenticated: user, database and settings are known; AuthenticationOk is not yet sent
    cancel,    // a cancel request: key() says of what
    refused,   // send `out`, close
    closed,    // close without a word; why() is empty if the client went of itself
  };

  login(doorway door, authentication::randomness random) : door_(std::move(door)), random_(std::move(random)) {}

  // Whoever wants to log in shall be told this instead. A cancel request still gets through, and an operator.
  void turn_away(wire::error why) { turned_away_ = std::move(why); }
  // As a load balancer says that speaks for it.
  void comes_from(const config::ip& address) { door_.address = address; }
  // The common name of a certificate that it has shown in the handshake, and that an authority of ours has signed.
  void shown(std::string certificate_name) { certificate_ = std::move(certificate_name); }

  // Takes what it can from the beginning of `bytes`. Nothing, while something is looked up, verified or asked.
  step take(std::string_view bytes, std::size_t& used, std::string& out);
  step looked_up(std::optional<std::string> rolpassword, std::string& out);
  const authentication::check& to_verify() const noexcept { return authentication_->to_verify(); }
  step verified(const auth::result<void>& how, std::string& out);
  const auth::question& question() const noexcept { return authentication_->question(); }
  step answered(const auth::verdict& how, std::string& out);
  // What was to be looked up cannot be, for this reason.
  step give_up(boost::system::error_code why, std::string& out) { return refuse(auth::report(why, user), out); }

  std::string user;
  std::string database;
  std::vector<std::pair<std::string, std::string>> settings;  // names in lower case
  wire::replication replication = wire::replication::none;
  std::uint32_t minor = 0;  // of protocol 3, as it will be spoken
  wire::backend_key_message key;
  // What it has shown, and can be shown to the servers.
  std::optional<server_credentials> proven() const {
    return authentication_ ? authentication_->proven() : std::nullopt;
  }
  bool knew_password() const noexcept { return authentication_ && authentication_->by_password(); }
  // For the log, besides why(): see `authentication`.
  std::string_view remark() const noexcept {
    return authentication_ ? std::string_view(authentication_->remark()) : std::string_view();
  }
  const wire::error& why() const noexcept { return why_; }  // after `refused` and `closed`
  // ... because of a password that is not the user's: who guesses waits longer each time.
  bool guessed() const noexcept { return authentication_ && auth::is_guess(authentication_->why()); }

private:
  step take_startup(std::string_view bytes, std::size_t& used, std::string& out);
  step take_encryption_request(bool tls, bool alone, std::string& out);
  step begin(const wire::startup_request& request, std::string& out);
  std::optional<wire::error> take_parameters(const wire::startup_request& request);
  void add_setting(std::string_view name, std::string_view value);
  step authenticate(std::string& out);
  step take_response(std::string_view bytes, std::size_t& used, std::string& out);
  step go_on(authentication::step with, std::string& out);
  step refuse(const wire::error& why, std::string& out);
  step refuse(const auth::failure_report& report, std::string& out);
  client_surroundings surroundings() const;

  doorway door_;
  authentication::randomness random_;
  std::optional<authentication> authentication_;  // from the startup packet on
  std::optional<wire::error> turned_away_;
  std::optional<std::string> certificate_;
  wire::error why_;
  bool encrypted_ = false;
  bool waiting_ = false;  // for what is looked up, verified or asked
  unsigned encryption_requests_ = 0;
};

}  // namespace highwater::proxy
