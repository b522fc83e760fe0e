// A client's way in, from its first byte on.
//
// Nobody is let in who has not shown the key of the user that they say they are; what is sent in the clear behind a
// request for encryption ends the connection (CVE-2021-3935); and a stranger makes us hold and say no more than so
// much, whatever the bytes, and however they arrive.

#include "proxy/client/login.hpp"

#include "tests/fuzz/decoders/harness.hpp"

namespace highwater::fuzz {
namespace {

using proxy::encryption_offer;
using step = proxy::login::step;

constexpr auto nonce = "server-nonce";
constexpr auto user = "app";

// The one user, whose password is in the seeds. Few iterations: it costs the client only.
const auth::scram_secret& secret() {
  static const auto made = auth::make_secret("pencil", "salt of 16 bytes", 16);
  return made;
}

const auth::access_ptr& access() {
  static const auto made = [] {
    config::auth section;
    section.method = config::auth_method::scram_sha_256;
    section.users = {{user, auth::format_secret(secret()), ""}};
    return std::make_shared<const auth::access>(
        auth::access{*auth::user_table::make(section, auth::digest{}), auth::rules(section)});
  }();
  return made;
}

// The one place that knows how a login is begun.
proxy::login begin(const encryption_offer& door) {
  return {{access(), door, config::parse_ip("192.0.2.7"), {}}, {nonce, {}}};
}

// As much as is ever held of who has not logged in: a message of 65,535 bytes, and its type.
constexpr std::size_t most_held = 65'536;
// What is said repeats of the packet only names: of options, of the user, of a word of `options`.
constexpr std::size_t most_said = 1024;

bool has_shown_key(const proxy::login& who) {
  const auto shown = who.proven();
  return who.user == user && shown && shown->keys && auth::stored_key(shown->keys->client) == secret().stored_key;
}

// As proxy/client/arrival.cpp does it.
class newcomer {
public:
  explicit newcomer(const encryption_offer& door) : login_(begin(door)), door_(door) {}

  void take(std::string_view part) {
    if (over_) return;
    inbox_ += part;
    sent_ += part.size();
    while (go_on()) {
    }
    must(said_.size() <= most_said + 2 * sent_, "no more is said than is due");
  }
  std::string account() const {
    return said_ + " step " + std::to_string(static_cast<int>(last_)) + " left " + std::to_string(inbox_.size()) + " " +
           login_.user + "/" + login_.database + " " + login_.why().message;
  }
  bool asked_to_encrypt() const noexcept { return asked_; }

private:
  bool go_on() {
    const auto before = said_.size();
    std::size_t used = 0;
    last_ = login_.take(inbox_, used, said_);
    must(used <= inbox_.size(), "no more is taken than there is");
    const auto answer = std::string_view(said_).substr(before);
    asked_ |= answer == "S" || answer == "N";
    if (answer == "S" || answer == "N") must(used == inbox_.size(), "nothing is taken over from in front of TLS");
    inbox_.erase(0, used);
    if (last_ == step::more) {
      must(used > 0 || inbox_.size() < most_held, "only so much is waited for");
      return used > 0;
    }
    if (last_ == step::encrypt) return encrypt();
    if (last_ == step::accepted) must(has_shown_key(login_), "who is let in has shown the key");
    if (last_ == step::accepted) must(encrypted_ || !door_.required, "who has to encrypt has done so");
    inbox_.clear();
    over_ = true;
    return false;
  }

  // What comes from now on is what TLS has brought; direct TLS brings what is there already.
  bool encrypt() {
    must(door_.tls && !encrypted_, "TLS is begun once, and where it is offered");
    encrypted_ = asked_ = true;
    if (!inbox_.empty()) inbox_.erase(0, 1);  // the handshake
    return !inbox_.empty();
  }

  proxy::login login_;
  encryption_offer door_;
  std::string inbox_;
  std::string said_;
  std::size_t sent_ = 0;
  step last_ = step::more;
  bool asked_ = false;
  bool encrypted_ = false;
  bool over_ = false;
};

newcomer let_in(const encryption_offer& door, const pieces& parts) {
  newcomer who(door);
  for (const auto part : parts) who.take(part);
  return who;
}

void try_door(const encryption_offer& door, std::string_view bytes) {
  const auto whole = let_in(door, {bytes});
  for (const auto& parts : arrivals(bytes)) {
    const auto again = let_in(door, parts);
    // Behind a request for encryption it does matter what came along with it.
    if (again.asked_to_encrypt() || whole.asked_to_encrypt()) continue;
    must_equal(again.account(), whole.account(), "a login does not depend on how the bytes arrive");
  }
}

}  // namespace
}  // namespace highwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::fuzz;
  const auto bytes = text_of(data, size);
  try_door({}, bytes);
  try_door({true, false, std::string(32, 'h')}, bytes);
  try_door({true, true, std::string(32, 'h')}, bytes);
  return 0;
}
