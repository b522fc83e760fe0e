#include "proxy/client/password_judges.hpp"

#include <memory>
#include <utility>

#include "proxy/io/ldap_connection.hpp"
#include "proxy/io/log_text.hpp"
#include "proxy/io/pam_conversation.hpp"

namespace highwater::proxy {

namespace {

using auth::verdict;
using outcome = verdict::outcome;

// What has gone wrong before the user's own name and password were looked at says nothing of these.
verdict cannot_be_asked(std::string reason) {
  return {outcome::unavailable, std::move(reason)};
}

ldap_connection::scope scope_of(config::ldap_scope how_far) {
  switch (how_far) {
    case config::ldap_scope::one:
      return ldap_connection::scope::one;
    case config::ldap_scope::base:
      return ldap_connection::scope::base;
    case config::ldap_scope::sub:
      break;
  }
  return ldap_connection::scope::sub;
}

// The one entry's name goes into `name`, or it is said why there is none.
std::optional<verdict> look_for(ldap_connection& there, const auth::ldap_search& how, std::string& name) {
  if (const auto bound = there.bind(how.bind_dn, how.password.view()); !bound.succeeded())
    return cannot_be_asked("could not perform initial LDAP bind for binddn " + quoted(how.bind_dn) + ": " + bound.text);
  std::vector<std::string> found;
  const auto searched = there.search(how.base, scope_of(how.scope), how.filter, found);
  if (!searched.succeeded())
    return cannot_be_asked("could not search LDAP for filter " + quoted(how.filter) + ": " + searched.text);
  if (found.size() != 1 || found.front().empty())
    return verdict{outcome::wrong, "LDAP search for filter " + quoted(how.filter) +
                                       (found.empty() ? " found nobody" : " found more than one entry")};
  name = std::move(found.front());
  return std::nullopt;
}

verdict ask_server(const auth::ldap_question& what, const std::string& uri, std::chrono::milliseconds limit) {
  ldap_connection there({uri, what.start_tls, what.ca}, limit);
  if (const auto opened = there.open(); !opened.succeeded())
    return cannot_be_asked("could not connect to the LDAP server: " + opened.text);
  std::string name = what.name;
  if (what.search) {
    if (auto failed = look_for(there, *what.search, name)) return *failed;
  }
  const auto bound = there.bind(name, what.password.view());
  if (bound.succeeded()) return {outcome::right};
  return {bound.unavailable() ? outcome::unavailable : outcome::wrong,
          "LDAP login failed for " + quoted(name) + ": " + bound.text};
}

}  // namespace

verdict judge(const auth::ldap_question& what) {
  const auto share = what.timeout / static_cast<int>(std::max<std::size_t>(what.uris.size(), 1));
  verdict last = cannot_be_asked("there is no server");
  std::string before;
  for (const auto& uri : what.uris) {
    last = ask_server(what, uri, share);
    if (!last.reason.empty()) last.reason = before + uri + ": " + last.reason;
    if (last.what != outcome::unavailable) break;
    before = last.reason + "; ";
  }
  return last;
}

verdict judge(const auth::pam_question& what) {
  auto told = converse_with_pam(what.service, what.user, what.password.view(), what.remote_host);
  return {told.lets_in ? outcome::right : outcome::wrong, std::move(told.reason)};
}

bool password_judges::ask(const auth::question& what, wanted still, told then) {
  auto& where = std::holds_alternative<auth::ldap_question>(what) ? directory_ : pam_;
  return where.run([what, still = std::move(still), then = std::move(then)]() -> waiting_work::rest {
    if (!still()) return {};
    return [then, answer = std::visit([](const auto& each) { return judge(each); }, what)] { then(answer); };
  });
}

void password_judges::stop() noexcept {
  directory_.stop();
  pam_.stop();
}

}  // namespace highwater::proxy
