#include "proxy/auth/scram_client.hpp"

#include <charconv>
#include <utility>

#include "proxy/auth/scram_message.hpp"

namespace highwater::auth {
namespace {

struct challenge {
  std::string_view nonce;
  std::string salt;
  int iterations;
};

// Digits only. A number too large for int is out of range like any other.
result<int> parse_iterations(std::string_view text) {
  int value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure == std::errc::invalid_argument || stop != end) return error::malformed_message;
  if (failure != std::errc{} || value < 1 || value > max_login_iterations) return error::bad_iteration_count;
  return value;
}

result<challenge> parse_challenge(std::string_view message) {
  if (!acceptable(message)) return error::malformed_message;
  attribute_reader attributes{message};
  if (attributes.next_is('m')) return error::unsupported_extension;
  const auto nonce = attributes.read('r');
  const auto salt_text = attributes.read('s');
  const auto count = attributes.read('i');
  if (!nonce || !valid_nonce(*nonce) || !salt_text || !count || !attributes.at_end()) return error::malformed_message;
  auto salt = from_base64(*salt_text);
  if (!salt || salt->empty()) return error::malformed_message;
  const auto iterations = parse_iterations(*count);
  if (!iterations) return iterations.error();
  return challenge{*nonce, std::move(*salt), *iterations};
}

}  // namespace

scram_client::scram_client(std::string nonce, std::string_view user)
    : nonce_{std::move(nonce)}, auth_message_{"n=" + escape_name(user) + ",r=" + nonce_} {}

result<std::string> scram_client::server_first(std::string_view message, std::string_view password) {
  if (std::exchange(stage_, stage::ended) != stage::first) return error::out_of_order;
  if (password.empty()) return error::no_password;
  const auto parsed = parse_challenge(message);
  if (!parsed) return parsed.error();
  // A server that adds nothing would let a recorded exchange be played again.
  if (!parsed->nonce.starts_with(nonce_) || parsed->nonce.size() == nonce_.size()) return error::nonce_mismatch;

  auto without_proof = std::string{"c=biws,r="}.append(parsed->nonce);
  auth_message_.append(",").append(message).append(",").append(without_proof);
  return as_result([&]() -> result<std::string> {
    auto reply = prove(password, parsed->salt, parsed->iterations, std::move(without_proof));
    stage_ = stage::final;
    return reply;
  });
}

std::string scram_client::prove(std::string_view password, std::string_view salt, int iterations,
                                std::string without_proof) {
  auto salted = salted_password(password, salt, iterations);
  const wipe_on_exit wipe_salted{salted};
  auto client = client_key(salted);
  const wipe_on_exit wipe_client{client};
  auto server = server_key(salted);
  const wipe_on_exit wipe_server{server};

  expected_signature_ = hmac_sha256(server, auth_message_);
  auto proof = hmac_sha256(stored_key(client), auth_message_);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= client[i];
  return without_proof.append(",p=").append(base64(proof));
}

result<void> scram_client::server_final(std::string_view message) {
  if (std::exchange(stage_, stage::ended) != stage::final) return error::out_of_order;
  if (!acceptable(message)) return error::malformed_message;
  attribute_reader attributes{message};
  if (attributes.next_is('e')) return error::server_refused;
  const auto text = attributes.read('v');
  const auto signature = text ? digest_from_base64(*text) : std::nullopt;
  if (!signature || !attributes.at_end()) return error::malformed_message;
  if (!equal_in_constant_time(*signature, expected_signature_)) return error::server_not_genuine;
  return {};
}

}  // namespace highwater::auth
