#include "proxy/auth/scram_client.hpp"

#include <charconv>
#include <utility>

#include "proxy/auth/scram_message.hpp"

namespace highwater::auth {

struct scram_client::challenge {
  std::string_view nonce;
  std::string salt;
  int iterations;
};

namespace {

// Digits only. A number too large for int is out of range like any other.
result<int> parse_iterations(std::string_view text) {
  int value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure == std::errc::invalid_argument || stop != end) return error::malformed_message;
  if (failure != std::errc{} || value < 1 || value > max_login_iterations) return error::bad_iteration_count;
  return value;
}

}  // namespace

scram_client::scram_client(std::string nonce, std::string_view user, binding bound)
    : nonce_{std::move(nonce)}, binding_{std::move(bound)}, auth_message_{"n=" + escape_name(user) + ",r=" + nonce_} {}

result<scram_client::challenge> scram_client::parse_challenge(std::string_view message) const {
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
  // A server that adds nothing would let a recorded exchange be played again.
  if (!nonce->starts_with(nonce_) || nonce->size() == nonce_.size()) return error::nonce_mismatch;
  return challenge{*nonce, std::move(*salt), *iterations};
}

result<scram_client::challenge> scram_client::read_challenge(std::string_view message, int most_iterations) {
  if (std::exchange(stage_, stage::ended) != stage::first) return error::out_of_order;
  auto parsed = parse_challenge(message);
  if (!parsed) return parsed;
  if (parsed->iterations > most_iterations) return error::too_many_iterations;
  without_proof_ = "c=" + binding_.attribute() + ",r=" + std::string{parsed->nonce};
  auth_message_.append(",").append(message).append(",").append(without_proof_);
  stage_ = stage::proof;
  return parsed;
}

result<std::string> scram_client::server_first(std::string_view message, std::string_view password,
                                               int most_iterations) {
  const auto slow = derivation(message, password, most_iterations);
  if (!slow) return slow.error();
  const auto salted = slow->salted();
  if (!salted) return salted.error();
  return prove(*salted);
}

result<std::string> scram_client::server_first(std::string_view message, const scram_keys& keys) {
  const auto read = read_challenge(message, max_login_iterations);
  if (!read) return read.error();
  return prove(keys);
}

result<scram_derivation> scram_client::derivation(std::string_view message, std::string_view password,
                                                  int most_iterations) {
  auto read = read_challenge(message, most_iterations);
  if (!read) return read.error();
  if (password.empty()) {
    stage_ = stage::ended;
    return error::no_password;
  }
  return scram_derivation{password, std::move(read->salt), read->iterations};
}

result<std::string> scram_client::prove(const secret_digest& salted) {
  return as_result([&] { return prove(keys_of(salted)); });
}

result<std::string> scram_client::prove(const scram_keys& keys) {
  if (std::exchange(stage_, stage::ended) != stage::proof) return error::out_of_order;
  return as_result([&]() -> result<std::string> {
    expected_signature_ = hmac_sha256(keys.server, auth_message_);
    auto proof = hmac_sha256(stored_key(keys.client), auth_message_);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= keys.client[i];
    stage_ = stage::final;
    return without_proof_ + ",p=" + base64(proof);
  });
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
