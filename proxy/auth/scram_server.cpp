#include "proxy/auth/scram_server.hpp"

#include <utility>

#include "proxy/auth/scram_message.hpp"

namespace highwater::auth {

// Returns the rest of the message, client-first-message-bare.
result<std::string_view> scram_server::read_gs2_header(std::string_view message) {
  const auto flag = message.front();
  if (const auto fits = check_flag(flag, chosen_, channel_); !fits) return fits.error();
  if (flag == 'p') {
    attribute_reader attributes{message};
    const auto type = attributes.read('p');
    if (!type) return error::malformed_message;
    if (*type != binding_type) return error::channel_binding_type;
    message.remove_prefix(attributes.consumed().size());
    binding_.certificate_hash = channel_.certificate_hash;
  } else {
    message.remove_prefix(1);
  }
  binding_.flag = flag;
  if (message.starts_with(",a")) return error::authorization_identity;
  if (!message.starts_with(",,")) return error::malformed_message;
  return message.substr(2);
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
  const auto bound = attributes.read('c');
  if (!bound) return error::malformed_message;
  if (*bound != binding_.attribute())
    return binding_.flag == 'p' ? error::channel_binding_failed : error::channel_binding_mismatch;
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
  secret_digest client{hmac_sha256(secret_.stored_key, auth_message_)};
  for (std::size_t i = 0; i < client.size(); ++i) client[i] ^= proof[i];
  if (!equal_in_constant_time(stored_key(client), secret_.stored_key)) return error::login_refused;
  auto reply = "v=" + base64(hmac_sha256(secret_.server_key, auth_message_));
  keys_ = scram_keys{client, secret_digest{secret_.server_key}};
  return reply;
}

}  // namespace highwater::auth
