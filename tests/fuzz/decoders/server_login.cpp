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

// What we have said so far.
struct account {
  std::size_t scrams = 0;
  std::size_t questions = 0;
  std::size_t passwords = 0;

  explicit account(std::string_view said) {
    wire::frame message;
    while (peek_frame(said, longest_message, message) == wire::frame_status::ok) {
      must(message.complete(), "what is said is whole messages");
      take(message);
      said.remove_prefix(message.available.size());
    }
    must(said.empty(), "... and nothing else");
  }

private:
  void take(const wire::frame& message) {
    wire::reader in(message.body());
    const auto text = in.c_string();
    questions += message.type == wire::frontend::query;
    scrams += in.ok() && text == auth::scram_mechanism;
    passwords += in.done() && text == password;
  }
};

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
    scram |= asks_for_scram(message) && account(said).questions == 0;
    now = login.take(message, said);
    if (now == step::derive) now = login.derived(login.to_derive()->salted(), said);
    bytes.remove_prefix(message.available.size());
  }
  const account all(said);
  must(all.scrams <= 1, "SCRAM is begun once");
  must(!scram || all.questions == 0, "a server that has to prove itself is asked nothing before it has");
  must(now != step::done || (!scram && login.server_started() != 0), "a login ends with all that is asked");
  must(!with.keys || all.passwords == 0, "who has keys shows no password");
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
