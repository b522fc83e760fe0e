#include "config/ldap_schema.hpp"

#include "config/auth_rule.hpp"

namespace highwater::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t highest_port = 65'535;

typed<std::vector<std::string>> hosts() {
  return list_of(text({.name = "host",
                       .expected = "a host name or an IP address, without a scheme and a port",
                       .longest = 255,
                       .pattern = "[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+"}),
                 "hosts", "at least one");
}
typed<std::string> dn(const std::string& expected = "a distinguished name") {
  return text({.expected = expected, .longest = 1'024});
}

section_builder<ldap_options> servers() {
  return section_builder<ldap_options>()
      .value("servers", &ldap_options::servers, hosts(), "Hosts of the directory, tried in this order.")
      .by_default("none; method `ldap` needs one")
      .value("port", &ldap_options::port, optional_of(whole_number<std::uint16_t>(1, highest_port)),
             "The port of all of them.")
      .by_default("389, or 636 with `ldaps`")
      .value("scheme", &ldap_options::scheme, optional_of(choice_of_all<ldap_scheme>()),
             "`ldaps` is TLS from the first byte.")
      .by_default("`ldap`")
      .value("tls", &ldap_options::tls, optional_of(boolean()),
             "TLS is begun on a connection in the clear (StartTLS). Without it and without `ldaps`, **passwords can be "
             "read on their way to the directory**.")
      .by_default("`false`")
      .value("ca", &ldap_options::ca, text({.name = "file", .expected = "the path of a file", .longest = 4'096}),
             "Certificates in PEM, of those who sign the directory's certificate.")
      .by_default("as `/etc/ldap/ldap.conf` has it");
}

}  // namespace

section ldap_section() {
  return servers()
      .value("prefix", &ldap_options::prefix, dn("text"), "What stands before the user's name, such as `uid=`.")
      .by_default("none")
      .value("suffix", &ldap_options::suffix, dn("text"),
             "What stands behind it, such as `,ou=people,dc=example,dc=net` or `@example.net`.")
      .by_default("none")
      .value("basedn", &ldap_options::basedn, dn(), "Where users are searched for.")
      .by_default("none: they are not searched for")
      .value("binddn", &ldap_options::binddn, dn(), "Who searches.")
      .by_default("none: anybody may search")
      .value("bindpasswd", &ldap_options::bindpasswd,
             text({.name = "password", .expected = "a password", .longest = 1'024, .secret = true}),
             "The password of `binddn`.")
      .value("searchattribute", &ldap_options::searchattribute,
             text({.expected = "the name of an attribute", .pattern = "[A-Za-z0-9.;-]+"}),
             "The attribute that is the user's name.")
      .by_default("`uid`")
      .value("searchfilter", &ldap_options::searchfilter, dn("a filter"),
             "Instead of an attribute: a filter, in which `$username` stands for the user's name.")
      .by_default("none")
      .value("scope", &ldap_options::scope, optional_of(choice_of_all<ldap_scope>()),
             "What is searched: `sub`, all that is below `basedn`; `one`, the level below it; `base`, that entry.")
      .by_default("`sub`")
      .value("timeout", &ldap_options::timeout, optional_of(duration<std::chrono::milliseconds>(1ms, 1h)),
             "A login that the directory has not judged by then is refused. Each of the servers has its share of it.")
      .by_default("5s")
      .build();
}

// PAM itself takes what follows the last slash.
typed<std::string> pam_service() {
  return text({.expected = "the name of a file in /etc/pam.d, in lower case", .pattern = "[a-z0-9_][a-z0-9._-]*"});
}

}  // namespace highwater::config
