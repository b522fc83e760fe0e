#include "config/rule_schema.hpp"

#include "config/ldap_schema.hpp"
#include "config/rule_types.hpp"

namespace highwater::config {

section auth_rule_section() {
  return section_builder<auth_rule>()
      .value("type", &auth_rule::type, rule_type(),
             "How the client comes in: by a Unix-domain socket (`local`); by TCP (`host`), only with TLS (`hostssl`), "
             "or only without (`hostnossl`).")
      .required()
      .value("databases", &auth_rule::databases, rule_databases(),
             "The databases, one of which it asks for. `sameuser` is the one called like the user. Who asks for "
             "physical replication is matched by `replication`, and by nothing else.")
      .required()
      .value("users", &auth_rule::users, rule_users(), "The users, one of whom it wants to be.")
      .required()
      .value("address", &auth_rule::address, optional_of(rule_address()),
             "Where it comes from. IPv4 holds for IPv4-mapped IPv6 addresses too, and `0.0.0.0/0` for no IPv6.")
      .by_default("none; `local` has none, the other types need one")
      .value(
          "method", &auth_rule::method, rule_method(),
          "How it proves who it is. `trust` asks for nothing and `reject` lets nobody in. `md5` is SCRAM for a user "
          "whose secret is one. `cert` (with `hostssl`) takes the name in the client's certificate, and `peer` (with "
          "`local`) that of the operating system's user. `ldap` and `pam` ask for the password in the clear and have "
          "it "
          "judged by a directory, or by the machine's PAM; the user need not be among `users`.")
      .required()
      .value("map", &auth_rule::map, text({}),
             "With `cert` and `peer`: the entries of `auth.maps` that say who may be which user. Without it the names "
             "have to be equal.")
      .value(
          "clientcert", &auth_rule::clientcert, optional_of(certificate_check()),
          "With `hostssl`: the client must also have a certificate of a trusted authority, with `verify-full` in the "
          "user's name. `cert` includes `verify-full`.")
      .value("allow_cleartext", &auth_rule::allow_cleartext, boolean(),
             "Methods `password`, `ldap` and `pam` are refused where a connection has no TLS, unless this says that "
             "**passwords may be read on their way**.")
      .nested(
          "ldap", &auth_rule::ldap, ldap_section(),
          "Method `ldap`: the directory, in the words of `pg_hba.conf` without their `ldap`. With `basedn` the user "
          "is searched for (and `searchattribute` or `searchfilter` says by what); else `prefix` and `suffix` make "
          "the name that the directory knows.")
      .value("pam_service", &auth_rule::pam_service, pam_service(),
             "Method `pam`: the service, which is a file in `/etc/pam.d`.")
      .by_default("`highwater`")
      .build();
}

section name_mapping_section() {
  return section_builder<name_mapping>()
      .value("name", &name_mapping::name, text({}), "What `map` calls it. Entries with the same name are one map.")
      .required()
      .value("external", &name_mapping::external, external_name(),
             "The name in the certificate, or that of the operating system's user.")
      .required()
      .value("user", &name_mapping::user, mapped_user(),
             "Who may be logged in as with it. The first `\\1` is what the first parentheses in `external` match.")
      .required()
      .build();
}

}  // namespace highwater::config
