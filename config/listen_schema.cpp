#include "config/listen_schema.hpp"

#include "config/own_types.hpp"
#include "config/rule_types.hpp"

namespace highwater::config {
namespace {

constexpr std::uint16_t highest_port = 65'535;

typed<std::string> file() {
  return text({.name = "file", .expected = "the path of a file", .longest = 4'096});
}
// The name of a Unix-domain socket has to fit in 107 bytes, with /.s.PGSQL.65535.
typed<std::string> folder() {
  constexpr std::size_t longest_folder = 107 - 15;
  return text({.name = "folder", .expected = "the path of a folder", .longest = longest_folder, .pattern = "/.*"});
}
section listen_tls_section() {
  return section_builder<listen_tls>()
      .value(
          "mode", &listen_tls::mode, tls_modes(),
          "`disable`: no TLS. `allow`, `prefer`: a client has it if it asks for it. `require`: nobody comes in "
          "without. `verify-ca`, `verify-full`: nor without a certificate that `client_ca` has signed. TLS 1.2 is the "
          "least. All but `disable` need `certificate` and `key`.")
      .value("certificate", &listen_tls::certificate, file(),
             "Highwater's certificate in PEM, with those between it and a root behind it. A relative path begins where "
             "the configuration is.")
      .by_default("none")
      .value("key", &listen_tls::key, file(), "Its private key in PEM, which nobody else may read.")
      .by_default("none")
      .value("client_ca", &listen_tls::client_ca, file(),
             "Certificates in PEM, of those who sign certificates of clients. If it is given, a client may show one.")
      .by_default("none")
      .build();
}

}  // namespace

section server_tls_section() {
  return section_builder<server_tls>()
      .value(
          "mode", &server_tls::mode, tls_modes(),
          "As libpq's `sslmode`: `prefer` takes TLS where the server offers it, `require` insists, `verify-ca` checks "
          "the server's certificate, `verify-full` also that it is about the node's `host`. The monitor's connections "
          "go by it too.")
      .value("ca", &server_tls::ca, file(),
             "Certificates in PEM, of those who sign certificates of servers (`sslrootcert`). If it is given, every "
             "mode checks the server's, as in libpq.")
      .by_default("none")
      .value("certificate", &server_tls::certificate, file(),
             "What Highwater shows to servers that ask for it, in PEM.")
      .by_default("none")
      .value("key", &server_tls::key, file(), "Its private key in PEM, which nobody else may read.")
      .by_default("none")
      .build();
}

section node_tls_section() {
  const char* const as_all = "as in `cluster.tls`";
  return section_builder<node_tls>()
      .value("mode", &node_tls::mode, optional_of(tls_modes()), "As in `cluster.tls`.")
      .by_default(as_all)
      .value("ca", &node_tls::ca, optional_of(file()), "As in `cluster.tls`.")
      .by_default(as_all)
      .value("certificate", &node_tls::certificate, optional_of(file()), "As in `cluster.tls`.")
      .by_default(as_all)
      .value("key", &node_tls::key, optional_of(file()), "As in `cluster.tls`.")
      .by_default(as_all)
      .build();
}

section listener_section() {
  return section_builder<listener>()
      .value<std::string>("address", &listener::address, ip_address(),
                          "The address to listen on: 0.0.0.0 or :: for all of the machine's.")
      .value<std::uint16_t>("port", &listener::port, whole_number<std::uint16_t>(0, highest_port),
                            "The port to listen on; 0 takes any free one.")
      .value("unix_socket", &listener::unix_socket, folder(),
             "A folder for a Unix-domain socket too, `.s.PGSQL.<port>`, as libpq looks for it. Whoever comes by it is "
             "`local` to `auth.rules`.")
      .by_default("none")
      .value("proxy_protocol", &listener::proxy_protocol, list_of(rule_address(), "networks"),
             "Load balancers: who connects from there has to say first whose connection it is (PROXY protocol, 1 or "
             "2), and is believed. Nobody else may.")
      .nested("tls", &listener::tls, listen_tls_section(), "Encryption between clients and Highwater.")
      .build();
}

section admin_section() {
  return section_builder<admin>()
      .value("database", &admin::database, text({}),
             "What it is called; exporters may call it `pgbouncer`, too. It is there if somebody may come in.")
      .value("users", &admin::users, list_of(text({}), "names"),
             "Who may do everything there. How they log in is said by `auth`, as for any database.")
      .value("stats_users", &admin::stats_users, list_of(text({}), "names"), "Who may look, and change nothing.")
      .value("unix_socket", &admin::unix_socket, folder(),
             "A folder for a Unix-domain socket, `.s.PGSQL.<port>`, that only Highwater's own user may open: whoever "
             "comes by it operates, without a password, also while clients are turned away.")
      .by_default("none")
      .build();
}

}  // namespace highwater::config
