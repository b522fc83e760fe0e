#include "tests/support/directory_server.hpp"

#include <csignal>
#include <stdexcept>

#include "tests/support/raw_client.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/server_user.hpp"

namespace highwater::testing_support {
namespace {

constexpr const char* options = R"(
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile FOLDER/slapd.pid
argsfile FOLDER/slapd.args
TLSCertificateFile FOLDER/server.crt
TLSCertificateKeyFile FOLDER/server.key
database mdb
suffix "dc=example,dc=net"
rootdn "cn=admin,dc=example,dc=net"
directory FOLDER/data
access to attrs=userPassword by anonymous auth
access to * by dn.exact="cn=reader,dc=example,dc=net" read by * none
)";

constexpr const char* beginning = R"(dn: dc=example,dc=net
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: cn=reader,dc=example,dc=net
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: reads

)";

std::string with_folder(std::string text, const std::string& folder) {
  const std::string word = "FOLDER";
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += folder.size())
    text.replace(at, word.size(), folder);
  return text;
}

}  // namespace

directory_server::directory_server(const std::string& ldif, const certificate_pair& identity, const std::string& also)
    : folder_(make_folder("directory")), log_(folder_ / "log"), urls_(also) {
  configure(identity);
  const auto data = folder_ / "data";
  std::filesystem::create_directory(data);
  give_to_server_user(data);
  write_file(folder_ / "entries.ldif", beginning + ldif);
  run_or_throw({.argv = {"/usr/sbin/slapadd", "-f", (folder_ / "slapd.conf").string(), "-l",
                         (folder_ / "entries.ldif").string()},
                .as_server_user = true});
  urls_ += " ldap://127.0.0.1:" + std::to_string(port()) + " ldaps://127.0.0.1:" + std::to_string(tls_port());
  start();
}

directory_server::~directory_server() {
  stop();
}

void directory_server::stop() {
  process_->stop(SIGTERM);
}

void directory_server::configure(const certificate_pair& identity) const {
  write_file(folder_ / "slapd.conf", with_folder(options, folder_.string()));
  write_secret(folder_, "server.crt", identity.certificate);
  give_to_server_user(write_secret(folder_, "server.key", identity.key));
  give_to_server_user(folder_ / "server.crt");
}

void directory_server::start() {
  process_ = std::make_unique<process>(
      command{.argv = {"/usr/sbin/slapd", "-f", (folder_ / "slapd.conf").string(), "-h", urls_, "-d", "stats"},
              .log = log_,
              .as_server_user = true});
  await("the directory answers", [this] {
    if (!process_->running()) throw std::runtime_error("slapd has ended:\n" + log());
    try {
      const raw::client there(port());
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  });
}

}  // namespace highwater::testing_support
