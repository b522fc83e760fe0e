#pragma once

// A client's way in, as a sans-io exchange: startup packet, authentication, and what it asked for.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/auth/scram_server.hpp"
#include "proxy/auth/user_table.hpp"
#include "proxy/wire/errors.hpp"
#include "proxy/wire/messages.hpp"
#include "proxy/wire/startup.hpp"

namespace highwater::proxy {

struct encryption_offer {
  bool tls = false;                // to whoever asks for it
  bool required = false;           // nobody comes in without
  std::string certificate_hash{};  // see auth::channel
};

class login {
public:
  enum class step : std::uint8_t {
    more,      // send what is in `out`, read on
    encrypt,   // send what is in `out`; what comes next is TLS, and has begun already if `bytes` is not used up
    accepted,  // authenticated: user, database and settings are known; AuthenticationOk is not yet sent
    cancel,    // a cancel request: key() says of what
    refused,   // send `out`, close
    closed,    // close without a word; why() is empty if the client went of itself
  };

  login(const auth::user_table& users, std::string nonce, const encryption_offer& door = {})
      : users_(users), nonce_(std::move(nonce)), door_(door) {}

  // Whoever wants to log in shall be told this instead. A cancel request still gets through.
  void turn_away(wire::error why) { turned_away_ = std::move(why); }

  // Takes what it can from the beginning of `bytes`.
  step take(std::string_view bytes, std::size_t& used, std::string& out);

  std::string user;
  std::string database;
  std::vector<std::pair<std::string, std::string>> settings;  // names in lower case
  std::uint32_t minor = 0;                                    // of protocol 3, as it will be spoken
  wire::backend_key_message key;
  // What a client with a SCRAM secret has shown; see scram_server::keys().
  const std::optional<auth::scram_keys>& keys() const noexcept { return keys_; }
  const wire::error& why() const noexcept { return why_; }  // after `refused` and `closed`

private:
  enum class stage : std::uint8_t { startup, sasl_initial, sasl_response, done };

  step take_startup(std::string_view bytes, std::size_t& used, std::string& out);
  step take_encryption_request(bool tls, bool alone, std::string& out);
  step begin(const wire::startup_request& request, std::string& out);
  void add_setting(std::string_view name, std::string_view value);
  step take_sasl(std::string_view bytes, std::size_t& used, std::string& out);
  step first_response(std::string_view body, std::string& out);
  step final_response(std::string_view body, std::string& out);
  step refuse(const wire::error& why, std::string& out);
  step refuse(boost::system::error_code why, std::string& out);

  void ask_for_scram(std::string& out);
  auth::channel channel() const;

  const auth::user_table& users_;
  std::string nonce_;
  stage stage_ = stage::startup;
  std::optional<wire::error> turned_away_;
  wire::error why_;
  std::optional<auth::scram_server> scram_;
  std::optional<auth::scram_keys> keys_;
  encryption_offer door_;
  bool encrypted_ = false;
  unsigned encryption_requests_ = 0;
};

}  // namespace highwater::proxy
