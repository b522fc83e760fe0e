// SCRAM-SHA-256, either side of it, and the secrets that are kept.
//
// The input is lines: who we are (`server`, `bound server`, `client`, `secret`) and then what the other side says, line
// by line. Whoever is believed has shown the right key, or signed with it; a server makes us hash only so often; and an
// exchange that has ended stays so.

#include "proxy/auth/scram.hpp"

#include "proxy/auth/saslprep.hpp"
#include "proxy/auth/scram_client.hpp"
#include "proxy/auth/scram_server.hpp"
#include "tests/fuzz/decoders/harness.hpp"

namespace highwater::fuzz {
namespace {

using namespace auth;

constexpr auto our_nonce = "our-nonce";
constexpr auto password = "pencil";
constexpr int most_hashes = 64;

const scram_secret& secret() {
  static const auto made = make_secret(password, "salt of 16 bytes", 16);
  return made;
}

void check_challenge(const std::string& said) {
  must(said.find(our_nonce) != std::string::npos && said.starts_with("r="), "our nonce is in the challenge");
  must(said.size() <= max_message_bytes + 128, "a challenge is no longer than what it repeats");
}

void serve(std::string_view lines, const channel& beneath, sasl_mechanism chosen) {
  scram_server server(secret(), our_nonce, chosen, beneath);
  const auto challenge = server.client_first(next_part(lines, '\n'));
  if (challenge) check_challenge(*challenge);
  must(!server.keys(), "who has only begun has shown nothing");
  const auto final = server.client_final(next_part(lines, '\n'));
  must(!final || challenge, "nobody is let in whose first message was wrong");
  must(final.has_value() == server.keys().has_value(), "who is let in has shown the key");
  if (final) must(stored_key(server.keys()->client) == secret().stored_key, "... which is the right one");
  must(!server.client_first("n,,n=,r=x") && !server.client_final(next_part(lines, '\n')), "it is over");
}

// `answer` ends in the proof; what stands before it is signed.
std::string genuine_signature(std::string_view ours, std::string_view challenge, std::string_view answer,
                              const secret_digest& salted) {
  std::string all(ours.substr(ours.find("n=")));
  all.append(",").append(challenge).append(",").append(answer.substr(0, answer.rfind(",p=")));
  return "v=" + base64(hmac_sha256(server_key(salted), all));
}

// Proves itself if that does not take too long, and looks at what the server says then.
void prove(scram_client& client, std::string_view ours, const scram_derivation& derivation, std::string_view challenge,
           std::string_view final) {
  must(derivation.iterations() >= 1 && derivation.iterations() <= usual_most_iterations, "hashes are bounded");
  if (derivation.iterations() > most_hashes) return;
  const auto salted = derivation.salted();
  must(salted.has_value(), "what may be derived can be");
  const auto answer = client.prove(*salted);
  must(answer.has_value(), "what is derived proves something");
  must(answer->size() <= max_message_bytes + 128, "an answer is no longer than what it repeats");
  const auto genuine = genuine_signature(ours, challenge, *answer, *salted);
  const auto believed = client.server_final(final);
  must(believed.has_value() == (final == genuine), "a server is believed that has signed, and no other");
}

void log_in(std::string_view lines) {
  scram_client client(our_nonce);
  const auto ours = client.client_first();
  const auto challenge = next_part(lines, '\n');
  const auto slow = client.derivation(challenge, password);
  scram_client impatient(our_nonce);
  const auto few = impatient.derivation(challenge, password, most_hashes);
  must(!few || few->iterations() <= most_hashes, "a server makes us hash as often as we allow");
  must(!few || slow, "who allows more refuses less");
  const auto final = next_part(lines, '\n');
  if (slow)
    prove(client, ours, *slow, challenge, final);
  else
    must(!client.prove(secret_digest{}), "what is not understood proves nothing");
  must(!client.server_final(final) && !client.derivation(challenge, password), "it is over");
}

void keep(std::string_view text) {
  const auto known = parse_secret(text);
  if (known) {
    must(known->iterations >= 1 && !known->salt.empty(), "a secret has iterations and a salt");
    const auto again = parse_secret(format_secret(*known));
    must(again && *again == *known, "a secret can be written down");
  }
  const auto prepared = saslprep(text);
  must(prepared.size() <= text.size(), "preparing a password adds nothing");
  must_equal(saslprep(prepared), prepared, "a prepared password is prepared");
}

}  // namespace
}  // namespace highwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::fuzz;
  auto lines = text_of(data, size);
  const auto role = next_part(lines, '\n');
  if (role == "server") serve(lines, {}, sasl_mechanism::scram_sha_256);
  if (role == "bound server") serve(lines, {true, std::string(32, 'h')}, sasl_mechanism::scram_sha_256_plus);
  if (role == "client") log_in(lines);
  if (role == "secret") keep(lines);
  return 0;
}
