#include "proxy/auth/scram.hpp"

#include <charconv>

#include "proxy/auth/saslprep.hpp"

namespace highwater::auth {
namespace {

// Cuts `text` at the first `separator`, which must be there.
std::optional<std::string_view> cut(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const auto before = text.substr(0, at);
  text.remove_prefix(at + 1);
  return before;
}

std::optional<int> parse_iterations(std::string_view text) {
  int value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || stop != end || value < 1) return std::nullopt;
  return value;
}

digest derive(const digest& process_key, std::string_view purpose, std::string_view user) {
  return hmac_sha256(process_key, std::string{purpose}.append(user));
}

}  // namespace

secret_digest salted_password(std::string_view password, std::string_view salt, int iterations) {
  auto prepared = saslprep(password);
  const wipe_on_exit wipe{prepared};
  return pbkdf2_sha256(prepared, salt, iterations);
}

secret_digest client_key(const digest& salted) {
  return hmac_sha256(salted, "Client Key");
}
digest stored_key(const digest& client) {
  return sha256(client);
}
secret_digest server_key(const digest& salted) {
  return hmac_sha256(salted, "Server Key");
}
scram_keys keys_of(const digest& salted) {
  return {client_key(salted), server_key(salted)};
}

scram_secret make_secret(std::string_view password, std::string_view salt, int iterations) {
  const auto keys = keys_of(salted_password(password, salt, iterations));
  return {iterations, std::string{salt}, stored_key(keys.client), keys.server};
}

result<scram_secret> parse_secret(std::string_view text) {
  const auto mechanism = cut(text, '$');
  const auto count = cut(text, ':');
  const auto salt_text = cut(text, '$');
  const auto stored_text = cut(text, ':');
  if (!mechanism || *mechanism != scram_mechanism || !count || !salt_text || !stored_text)
    return error::malformed_secret;
  const auto iterations = parse_iterations(*count);
  const auto salt = from_base64(*salt_text);
  const auto stored = digest_from_base64(*stored_text);
  const auto server = digest_from_base64(text);
  if (!iterations || !salt || salt->empty() || !stored || !server) return error::malformed_secret;
  return scram_secret{*iterations, *salt, *stored, *server};
}

std::string format_secret(const scram_secret& secret) {
  std::string text{scram_mechanism};
  text.append("$").append(std::to_string(secret.iterations));
  text.append(":").append(base64(as_bytes(secret.salt)));
  text.append("$").append(base64(secret.stored_key));
  text.append(":").append(base64(secret.server_key));
  return text;
}

std::string salt_for(std::string_view user, const digest& process_key) {
  const auto derived = derive(process_key, "salt ", user);
  return {derived.begin(), derived.begin() + salt_bytes};
}

scram_secret mock_secret(std::string_view user, const digest& process_key, int iterations) {
  return {iterations, salt_for(user, process_key), derive(process_key, "stored ", user),
          derive(process_key, "server ", user)};
}

std::string make_nonce(byte_span random) {
  return base64(random);
}

}  // namespace highwater::auth
