#include "proxy/io/ldap_connection.hpp"

#include <fcntl.h>
#include <ldap.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

namespace highwater::proxy {

namespace {

using std::chrono::steady_clock;

void close(LDAP* open) {
  ::ldap_unbind_ext_s(open, nullptr, nullptr);
}

// It reads its configuration at the first call, which several threads may not do at once.
void set_up_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    int version = 0;
    ::ldap_get_option(nullptr, LDAP_OPT_PROTOCOL_VERSION, &version);
  });
}

timeval to_timeval(steady_clock::duration left) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(left).count();
  constexpr std::int64_t second = 1'000'000;
  return {microseconds / second, microseconds % second};
}

constexpr std::string_view over_tls = "ldaps://";

int native(ldap_connection::scope how_far) {
  switch (how_far) {
    case ldap_connection::scope::one:
      return LDAP_SCOPE_ONELEVEL;
    case ldap_connection::scope::base:
      return LDAP_SCOPE_BASE;
    case ldap_connection::scope::sub:
      break;
  }
  return LDAP_SCOPE_SUBTREE;
}

std::vector<std::string> names_in(LDAP* from, LDAPMessage* answer) {
  std::vector<std::string> names;
  for (auto* entry = ::ldap_first_entry(from, answer); entry != nullptr; entry = ::ldap_next_entry(from, entry)) {
    char* const dn = ::ldap_get_dn(from, entry);
    names.emplace_back(dn != nullptr ? dn : "");
    ::ldap_memfree(dn);
  }
  return names;
}

}  // namespace

bool ldap_connection::outcome::unavailable() const noexcept {
  constexpr std::array codes{LDAP_SERVER_DOWN, LDAP_CONNECT_ERROR, LDAP_TIMEOUT, LDAP_BUSY,
                             LDAP_UNAVAILABLE, LDAP_LOCAL_ERROR,   LDAP_OTHER,   LDAP_NO_MEMORY};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

ldap_connection::ldap_connection(target to, std::chrono::milliseconds limit)
    : to_(std::move(to)), until_(steady_clock::now() + limit), ldap_(nullptr, close) {}

ldap_connection::~ldap_connection() = default;

ldap_connection::outcome ldap_connection::told(int code) const {
  if (code == LDAP_SUCCESS) return {};
  std::string text = ::ldap_err2string(code);
  char* detail = nullptr;
  if (ldap_) ::ldap_get_option(ldap_.get(), LDAP_OPT_DIAGNOSTIC_MESSAGE, &detail);
  if (detail != nullptr && *detail != '\0') text.append(" (").append(detail).append(")");
  ::ldap_memfree(detail);
  return {code, text};
}

// What is done next may take what is left.
bool ldap_connection::bound_time() {
  const auto left = until_ - steady_clock::now();
  if (left <= steady_clock::duration::zero()) return false;
  const auto limit = to_timeval(left);
  return ::ldap_set_option(ldap_.get(), LDAP_OPT_NETWORK_TIMEOUT, &limit) == LDAP_OPT_SUCCESS &&
         ::ldap_set_option(ldap_.get(), LDAP_OPT_TIMEOUT, &limit) == LDAP_OPT_SUCCESS;
}

ldap_connection::outcome ldap_connection::set_up() {
  set_up_library();
  LDAP* made = nullptr;
  const auto in_the_clear = to_.uri.starts_with(over_tls) ? "ldap://" + to_.uri.substr(over_tls.size()) : to_.uri;
  if (const int code = ::ldap_initialize(&made, in_the_clear.c_str()); code != LDAP_SUCCESS) return told(code);
  ldap_.reset(made);
  const auto set = [made](int option, const void* value) {
    return ::ldap_set_option(made, option, value) == LDAP_OPT_SUCCESS;
  };
  const int version = LDAP_VERSION3;
  bool done = set(LDAP_OPT_PROTOCOL_VERSION, &version) && set(LDAP_OPT_REFERRALS, LDAP_OPT_OFF) &&
              set(LDAP_OPT_RESTART, LDAP_OPT_ON);
  if (!to_.ca.empty()) {
    const int demand = LDAP_OPT_X_TLS_DEMAND;
    const int client = 0;
    done = done && set(LDAP_OPT_X_TLS_CACERTFILE, to_.ca.c_str()) && set(LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) &&
           set(LDAP_OPT_X_TLS_NEWCTX, &client);
  }
  return done ? outcome{} : told(LDAP_LOCAL_ERROR);
}

ldap_connection::outcome ldap_connection::open() {
  if (auto ready = set_up(); !ready.succeeded()) return ready;
  if (!bound_time()) return told(LDAP_TIMEOUT);
  if (const int code = ::ldap_connect(ldap_.get()); code != LDAP_SUCCESS) return told(code);
  if (!stop_blocking()) return told(LDAP_LOCAL_ERROR);
  if (to_.start_tls) {
    if (const auto allowed = ask_for_tls(); !allowed.succeeded()) return allowed;
  }
  return to_.start_tls || to_.uri.starts_with(over_tls) ? shake_hands() : outcome{};
}

// Else a server that stops in the middle of an answer would not be waited for with a limit.
bool ldap_connection::stop_blocking() {
  int socket = -1;
  if (::ldap_get_option(ldap_.get(), LDAP_OPT_DESC, &socket) != LDAP_OPT_SUCCESS || socket < 0) return false;
  const int flags = ::fcntl(socket, F_GETFL);
  return flags >= 0 && ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) == 0;
}

ldap_connection::outcome ldap_connection::ask_for_tls() {
  if (!bound_time()) return told(LDAP_TIMEOUT);
  char* name = nullptr;
  berval* data = nullptr;
  const int code =
      ::ldap_extended_operation_s(ldap_.get(), LDAP_EXOP_START_TLS, nullptr, nullptr, nullptr, &name, &data);
  ::ldap_memfree(name);
  ::ber_bvfree(data);
  return told(code);
}

// libldap keeps to its limits there only if it has been told to connect asynchronously; otherwise it asks again and
// again, without end. As it would not do the rest of it in one call then, it has connected before, also for ldaps.
ldap_connection::outcome ldap_connection::shake_hands() {
  if (!bound_time()) return told(LDAP_TIMEOUT);
  ::ldap_set_option(ldap_.get(), LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_ON);
  const auto done = told(::ldap_install_tls(ldap_.get()));
  ::ldap_set_option(ldap_.get(), LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_OFF);
  return done;
}

ldap_connection::outcome ldap_connection::bind(const std::string& dn, std::string_view password) {
  if (!bound_time()) return told(LDAP_TIMEOUT);
  berval shown{password.size(), const_cast<char*>(password.data())};  // it is only read
  return told(::ldap_sasl_bind_s(ldap_.get(), dn.c_str(), LDAP_SASL_SIMPLE, &shown, nullptr, nullptr, nullptr));
}

ldap_connection::outcome ldap_connection::search(const std::string& base, scope how_far, const std::string& filter,
                                                 std::vector<std::string>& found) {
  if (!bound_time()) return told(LDAP_TIMEOUT);
  constexpr int enough = 2;
  std::string nothing = LDAP_NO_ATTRS;
  std::array<char*, 2> attributes{nothing.data(), nullptr};
  LDAPMessage* answer = nullptr;
  const int code = ::ldap_search_ext_s(ldap_.get(), base.c_str(), native(how_far), filter.c_str(), attributes.data(), 0,
                                       nullptr, nullptr, nullptr, enough, &answer);
  if (answer != nullptr) found = names_in(ldap_.get(), answer);
  ::ldap_msgfree(answer);
  return code == LDAP_SIZELIMIT_EXCEEDED ? outcome{} : told(code);
}

}  // namespace highwater::proxy
