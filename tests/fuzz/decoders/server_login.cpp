// Logging in to a server, which may be anybody until it has shown that it knows the password, too.
//
// A server that asks for SCRAM has to prove itself before anything else is believed; it makes us hash once, and what it
// is told never holds the password where only keys are known.

#include "proxy/server/server_login.hpp"

#include "tests/fuzz/decoders/harness.hpp"

namespace highwater::fuzz {
namespace {

using proxy::server_login;
using step = server_login::step;

constexpr auto password = "pencil";
constexpr std::uint64_t longest_message = 65'535;

// Of a secret that no server of the seeds has.
auth::scram_keys keys() {
  static const auto known = auth::keys_of(auth::salted_password(password, "another salt", 16));
  return known;
}

std::size_t count(std::string_view text, std::string_view part) noexcept {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// Whether the server has said that it wants SCRAM: AuthenticationSASL.
bool asks_for_scram(const wire::frame& message) noexcept {
  wire::reader in(message.body());
  constexpr std::uint32_t sasl = 10;
  return message.type == wire::backend::authentication && in.u32() == sasl;
}

void log_in(std::string_view bytes, const proxy::server_credentials& with) {
  server_login login("app", "shop", with, "our-nonce");
  std::string said;
  bool scram = false;
  auto now = step::more;
  wire::frame message;
  while (now == step::more && peek_frame(bytes, longest_message, message) == wire::frame_status::ok &&
         message.complete()) {
    scram |= asks_for_scram(message) && count(said, "SELECT") == 0;
    now = login.take(message, said);
    bytes.remove_prefix(message.available.size());
  }
  must(count(said, auth::scram_mechanism) <= 1, "SCRAM is begun once");
  must(!scram || count(said, "SELECT") == 0, "a server that has to prove itself is asked nothing before it has");
  must(now != step::done || (!scram && login.server_started() != 0), "a login ends with all that is asked");
  if (with.keys) must(said.find(password) == std::string::npos, "who has keys shows no password");
}

}  // namespace
}  // namespace highwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::fuzz;
  const auto bytes = text_of(data, size);
  log_in(bytes, {"", keys()});
  // With a password a challenge costs up to 40 ms; those are the target scram's.
  if (bytes.find("i=") == std::string_view::npos) log_in(bytes, {password, {}});
  return 0;
}
