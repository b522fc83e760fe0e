#pragma once

// What the tests of whole exchanges share: the two state machines talk to each other, with or without somebody in
// between.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "proxy/auth/scram_client.hpp"
#include "proxy/auth/scram_server.hpp"

namespace highwater::auth::scram_talk {

using no_error = boost::system::error_code;

struct outcome {
  no_error server;
  no_error client;
  std::optional<scram_keys> keys;

  bool both_are_in() const { return !server && !client; }
};

using proof = std::variant<std::string_view, scram_keys>;  // a password, or what takes its place
using meddler = std::function<std::string(int message, std::string text)>;

inline std::string nobody(int, std::string text) {
  return text;
}

// The client hears nothing more once the server has refused it. Messages are counted from 0.
inline outcome talk(scram_client client, scram_server server, const proof& by, const meddler& between = nobody) {
  const auto challenge = server.client_first(between(0, client.client_first()));
  if (!challenge) return {challenge.error(), {}, server.keys()};
  const auto heard = between(1, *challenge);
  const auto reply = std::visit([&](const auto& known) { return client.server_first(heard, known); }, by);
  if (!reply) return {{}, reply.error(), server.keys()};
  const auto signature = server.client_final(between(2, *reply));
  if (!signature) return {signature.error(), {}, server.keys()};
  const auto verified = client.server_final(between(3, *signature));
  return {{}, verified ? no_error{} : verified.error(), server.keys()};
}

inline const scram_secret secret = make_secret("pencil", "salt", 3);
inline const scram_keys keys = keys_of(salted_password("pencil", "salt", 3));
inline const channel clear;
inline const channel tls{true, std::string(32, 'a')};
inline const channel other_tls{true, std::string(48, 'b')};
inline const channel hashless{true, ""};

}  // namespace highwater::auth::scram_talk
