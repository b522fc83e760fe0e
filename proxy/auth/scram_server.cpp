#include "proxy/auth/scram_server.hpp"

#include <utility>

#include "proxy/auth/scram_message.hpp"

namespace highwater::auth {

result<void> check_mechanism(std::string_view name) {
  if (name != scram_mechanism) return error::unknown_mechanism;
  return {};
}

// Returns the rest of the message, client-first-message-bare.
result<std::string_view> scram_server::read_gs2_header(std::string_view message) {
  if (message.starts_with("p=")) return error::channel_binding_requested;
  // 'y': the client could bind to a channel but believes that the server cannot, which is so.
  if (!message.starts_with("n,") && !message.starts_with("y,")) return error::malformed_message;
  binding_flag_ = message.front();
  message.remove_prefix(2);
  if (message.starts_with("a=")) return error::authorization_identity;
  if (!message.starts_with(',')) return error::malformed_message;
  return message.substr(1);
}

result<std::string> scram_server::client_first(std::string_view message) {
  if (std::exchange(stage_, stage::ended) != stage::first) return error::out_of_order;
  if (!acceptable(message)) return error::malformed_message;
  const auto bare = read_gs2_header(message);
  if (!bare) return bare.error();

  attribute_reader attributes{*bare};
  if (attributes.next_is('m')) return error::unsupported_extension;
  const auto name = attributes.read('n');
  const auto nonce = attributes.read('r');
  if (!name || !nonce || !valid_nonce(*nonce)) return error::malformed_message;
  while (!attributes.at_end())
    if (!attributes.skip()) return error::malformed_message;

  server_nonce_.insert(0, *nonce);
  auto reply =
      "r=" + server_nonce_ + ",s=" + base64(as_bytes(secret_.salt)) + ",i=" + std::to_string(secret_.iterations);
  auth_message_.append(*bare).append(",").append(reply);
  stage_ = stage::final;
  return reply;
}

result<std::string> scram_server::client_final(std::string_view message) {
  if (std::exchange(stage_, stage::ended) != stage::final) return error::out_of_order;
  if (!acceptable(message)) return error::malformed_message;
  attribute_reader attributes{message};
  const auto binding = attributes.read('c');
  if (!binding) return error::malformed_message;
  // base64 of "n,," and "y,,".
  if (*binding != (binding_flag_ == 'n' ? "biws" : "eSws")) return error::channel_binding_mismatch;
  const auto nonce = attributes.read('r');
  if (!nonce) return error::malformed_message;
  if (*nonce != server_nonce_) return error::nonce_mismatch;
  while (!attributes.next_is('p'))
    if (!attributes.skip()) return error::malformed_message;
  const auto without_proof = attributes.consumed();
  const auto proof = digest_from_base64(*attributes.read('p'));
  if (!proof || !attributes.at_end()) return error::malformed_message;
  return as_result([&] { return verify(without_proof, *proof); });
}

result<std::string> scram_server::verify(std::string_view without_proof, const digest& proof) {
  auth_message_.append(",").append(without_proof);
  // The proof is ClientKey XOR ClientSignature, so the signature uncovers the key, whose hash is known.
  auto client = hmac_sha256(secret_.stored_key, auth_message_);
  const wipe_on_exit wipe{client};
  for (std::size_t i = 0; i < client.size(); ++i) client[i] ^= proof[i];
  if (!equal_in_constant_time(stored_key(client), secret_.stored_key)) return error::login_refused;
  return "v=" + base64(hmac_sha256(secret_.server_key, auth_message_));
}

}  // namespace highwater::auth
