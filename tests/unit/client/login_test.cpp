#include "proxy/client/login.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/auth/scram_client.hpp"
#include "proxy/wire/frame.hpp"

namespace highwater::proxy {
namespace {

using namespace std::string_literals;
using step = login::step;
using testing::HasSubstr;

auth::access_ptr access_with(config::auth_method method) {
  config::auth section;
  section.method = method;
  section.users = {{"app", "", "pencil"}};
  return std::make_shared<auth::access>(
      auth::access{*auth::user_table::make(section, auth::digest{}), auth::rules(section)});
}
const auth::access_ptr trusting = access_with(config::auth_method::trust);
const auth::access_ptr strict = access_with(config::auth_method::scram_sha_256);

std::string packet(std::uint32_t code, const std::string& rest = "") {
  std::string bytes;
  wire::writer(bytes).u32(code).bytes(rest);
  return bytes;
}
constexpr std::uint32_t v3 = 3U << 16, ssl = 80877103, gss = 80877104, cancel = 80877102;
const std::string startup = packet(v3, "user\0app\0database\0shop\0\0"s);

struct entrance {
  explicit entrance(const auth::access_ptr& access = trusting, const encryption_offer& offer = {},
                    std::optional<config::ip> from = config::parse_ip("192.0.2.7"))
      : way_in({access, offer, from, {}}, {"server-nonce", {}}) {}

  step take(const std::string& bytes) {
    out.clear();
    return way_in.take(bytes, used, out);
  }

  login way_in;
  std::string out;
  std::size_t used = 0;
};

TEST(login, lets_everybody_in_with_trust) {
  entrance door;
  EXPECT_EQ(door.take(startup + "Q"), step::accepted);
  EXPECT_EQ(door.used, startup.size());
  EXPECT_EQ(door.way_in.user, "app");
  EXPECT_EQ(door.way_in.database, "shop");
  EXPECT_EQ(door.out, "");
}

TEST(login, waits_for_the_whole_packet) {
  entrance door;
  for (std::size_t size = 0; size < startup.size(); ++size) {
    EXPECT_EQ(door.take(startup.substr(0, size)), step::more);
    EXPECT_EQ(door.used, 0U);
  }
  EXPECT_EQ(door.take(startup), step::accepted);
}

TEST(login, turns_everybody_away_but_operators_and_who_cancels) {
  const wire::error full{"53300", "sorry, too many clients already", "", ""};
  doorway door{.access = trusting};
  door.console.users = {"app"};
  struct row {
    const char* why;
    std::string bytes;
    bool by_own_socket;
    step what;
  };
  const row rows[] = {
      {"a client", startup, false, step::refused},
      {"an operator", packet(v3, "user\0app\0database\0highwater\0\0"s), false, step::accepted},
      {"by their own socket", startup, true, step::accepted},
      {"a cancel request", packet(cancel, "\0\0\0\1key4"s), false, step::cancel},
  };
  for (const auto& each : rows) {
    door.operates = each.by_own_socket;
    login way_in(door, {"server-nonce", {}});
    way_in.turn_away(full);
    std::string out;
    std::size_t used = 0;
    EXPECT_EQ(way_in.take(each.bytes, used, out), each.what) << each.why;
  }
}

TEST(login, asks_who_comes_by_the_operators_socket_nothing) {
  doorway door{.access = strict};
  door.operates = true;
  login way_in(door, {"server-nonce", {}});
  std::string out;
  std::size_t used = 0;
  EXPECT_EQ(way_in.take(startup, used, out), step::accepted);
  EXPECT_EQ(out, "");
}

TEST(login, takes_any_setting_along) {
  entrance door;
  EXPECT_EQ(door.take(packet(v3, "user\0app\0DateStyle\0ISO\0options\0-c Geqo=off\0replication\0false\0\0"s)),
            step::accepted);
  EXPECT_EQ(door.way_in.database, "app") << "by default the user's name";
  const std::vector<std::pair<std::string, std::string>> expected{{"geqo", "off"}, {"datestyle", "ISO"}};
  EXPECT_EQ(door.way_in.settings, expected);
}

TEST(login, lets_no_option_speak_against_a_parameter_or_for_somebody_else) {
  using settings = std::vector<std::pair<std::string, std::string>>;
  entrance door;
  EXPECT_EQ(door.take(packet(v3, "geqo\0on\0user\0app\0options\0-c Geqo=off -c user=dba -c replication=true\0\0"s)),
            step::accepted);
  EXPECT_EQ(door.way_in.user, "app");
  EXPECT_EQ(door.way_in.settings, (settings{{"geqo", "off"}, {"user", "dba"}, {"replication", "true"}, {"geqo", "on"}}))
      << "the last one of a name counts; what is no setting, a server says";
  for (const auto& how : {"session_authorization\0dba\0"s, "options\0-c session_authorization=dba\0"s}) {
    entrance other;
    EXPECT_EQ(other.take(packet(v3, "user\0app\0"s + how + "\0"s)), step::accepted);
    EXPECT_EQ(other.way_in.settings, settings{}) << how;
  }
}

TEST(login, cuts_names_and_cleans_the_application_as_servers_do) {
  const std::string name(63, 'n');
  entrance door;
  EXPECT_EQ(door.take(packet(v3, "user\0"s + name + "x\0database\0"s + name + "yz\0application_name\0caf\xe9\n\0\0"s)),
            step::accepted);
  EXPECT_EQ(door.way_in.user, name);
  EXPECT_EQ(door.way_in.database, name);
  EXPECT_EQ(door.way_in.settings.at(0).second, "caf??");
}

TEST(login, says_nothing_to_what_is_no_startup_packet_and_knows_why) {
  entrance door;
  EXPECT_EQ(door.take("\xFF\xFF\xFF\xFF"s), step::closed);
  EXPECT_EQ(door.out, "");
  EXPECT_EQ(door.way_in.why().message, "invalid length of startup packet");
  EXPECT_EQ(door.way_in.why().cause, wire::error_cause::protocol);
}

TEST(login, refuses_encryption_and_goes_on) {
  entrance door;
  EXPECT_EQ(door.take(packet(gss)), step::more);
  EXPECT_EQ(door.out, "N");
  EXPECT_EQ(door.used, 8U);
  EXPECT_EQ(door.take(packet(ssl)), step::more);
  EXPECT_EQ(door.out, "N");
  EXPECT_EQ(door.take(startup), step::accepted);
}

// CVE-2021-3935: what came along with the request was sent in the clear by somebody who expected otherwise.
TEST(login, never_takes_plaintext_that_came_with_an_encryption_request) {
  for (const auto code : {ssl, gss}) {
    for (const auto& rest : {startup, "Q"s, packet(ssl), "\x16\x03\x01"s}) {
      entrance door;
      EXPECT_EQ(door.take(packet(code) + rest), step::refused);
      EXPECT_THAT(door.out, HasSubstr("08P01"));
      EXPECT_EQ(door.way_in.user, "");
    }
  }
}

TEST(login, begins_with_tls_where_it_is_offered) {
  struct row {
    const char* why;
    encryption_offer offer;
    std::string bytes;
    step what;
    std::string out;
    bool uses;
  };
  const std::string handshake = "\x16\x03\x01\x02\0\x01"s;
  const encryption_offer none{}, some{true, false}, only{true, true};
  const row rows[] = {
      {"asked for and offered", some, packet(ssl), step::encrypt, "S", true},
      {"asked for and not offered", none, packet(ssl), step::more, "N", true},
      {"GSS is not", some, packet(gss), step::more, "N", true},
      {"without being asked first", some, handshake, step::encrypt, "", false},
      {"... where there is none", none, handshake, step::closed, "", false},
      {"in the clear where it may be", some, startup, step::accepted, "", true},
      {"... and where it may not", only, startup, step::refused, "28000", true},
  };
  for (const auto& each : rows) {
    entrance door(trusting, each.offer);
    EXPECT_EQ(door.take(each.bytes), each.what) << each.why;
    EXPECT_THAT(door.out, HasSubstr(each.out)) << each.why;
    EXPECT_EQ(door.used == each.bytes.size(), each.uses) << each.why;
  }
}

TEST(login, begins_with_tls_once) {
  entrance door(trusting, {true, true});
  ASSERT_EQ(door.take(packet(ssl)), step::encrypt);
  for (const auto& again : {packet(ssl), packet(gss)}) {
    auto twice = entrance(trusting, {true, true});
    twice.take(packet(ssl));
    EXPECT_EQ(twice.take(again), step::refused);
  }
  EXPECT_EQ(door.take(startup), step::accepted);
}

// So that nobody in between can pass it on.
TEST(login, offers_to_bind_the_proof_to_the_channel) {
  for (const auto& [encrypts, hash] : {std::pair{true, "hash"}, {true, ""}, {false, "hash"}}) {
    entrance door(strict, {true, false, hash});
    if (encrypts) door.take(packet(ssl));
    EXPECT_EQ(door.take(startup), step::more);
    EXPECT_EQ(door.out.find("SCRAM-SHA-256-PLUS") != std::string::npos, encrypts && *hash != '\0');
  }
}

TEST(login, does_not_negotiate_encryption_for_ever) {
  entrance door;
  EXPECT_EQ(door.take(packet(ssl)), step::more);
  EXPECT_EQ(door.take(packet(gss)), step::more);
  EXPECT_EQ(door.take(packet(ssl)), step::refused);
}

TEST(login, passes_a_cancel_request_on) {
  entrance door;
  EXPECT_EQ(door.take(packet(cancel, "\0\0\0\x07\0\0\0\x09"s)), step::cancel);
  EXPECT_EQ(door.way_in.key.process, 7U);
  EXPECT_EQ(door.way_in.key.secret, 9U);
  EXPECT_EQ(door.out, "");
  entrance other;
  const std::string secret(32, 's');
  EXPECT_EQ(other.take(packet(cancel, "\0\0\0\x07"s + secret)), step::cancel);
  EXPECT_EQ(other.way_in.key.secret.bytes(), secret);
}

TEST(login, says_at_most_once_which_protocol_it_speaks) {
  const auto said = [](std::uint32_t minor, std::vector<std::string_view> unknown) {
    std::string message;
    wire::write_negotiate_protocol_version(message, minor, unknown.data(), unknown.size());
    return message;
  };
  struct row {
    const char* why;
    std::uint32_t asked;
    std::string options;
    std::uint32_t spoken;
    std::string expected;
  };
  const row rows[] = {
      {"3.0", 0, "", 0, ""},
      {"3.0 with an option: nothing newer than what was asked for", 0, "_pq_.x\0y\0"s, 0, said(0, {"_pq_.x"})},
      {"3.1 does not exist", 1, "", 0, said(0, {})},
      {"... nor with an option", 1, "_pq_.x\0\0"s, 0, said(0, {"_pq_.x"})},
      {"3.2", 2, "", 2, ""},
      {"3.2 with options", 2, "_pq_.x\0y\0_pq_.z\0\0"s, 2, said(2, {"_pq_.x", "_pq_.z"})},
      {"newer", 3, "", 2, said(2, {})},
      {"libpq's probe", 9'999, "_pq_.test_protocol_negotiation\0\0"s, 2, said(2, {"_pq_.test_protocol_negotiation"})},
      {"the newest there can be", 0xFFFF, "", 2, said(2, {})},
  };
  for (const auto& each : rows) {
    entrance door;
    EXPECT_EQ(door.take(packet(v3 + each.asked, "user\0app\0"s + each.options + "\0"s)), step::accepted) << each.why;
    EXPECT_EQ(door.out, each.expected) << each.why;
    EXPECT_EQ(door.way_in.minor, each.spoken) << each.why;
  }
}

TEST(login, asks_for_the_password_behind_the_protocol) {
  std::string expected;
  wire::write_negotiate_protocol_version(expected, 2, nullptr, 0);
  wire::write_authentication_sasl(expected, std::array{auth::scram_mechanism});
  entrance door(strict);
  EXPECT_EQ(door.take(packet(v3 + 9'999, "user\0app\0\0"s)), step::more);
  EXPECT_EQ(door.out, expected);
}

TEST(login, refuses) {
  struct row {
    const char* why;
    std::string bytes, code;
    wire::error_cause cause = wire::error_cause::refused;
  };
  constexpr auto protocol = wire::error_cause::protocol;
  const row rows[] = {
      {"nobody", packet(v3, "database\0shop\0\0"s), "28000"},
      {"an empty name", packet(v3, "user\0\0\0"s), "28000"},
      {"a replication that there is not", packet(v3, "user\0app\0replication\0maybe\0\0"s), "22023"},
      {"an old protocol", packet(2U << 16), "0A000", protocol},
      {"options that are none", packet(v3, "user\0app\0options\0x\0\0"s), "42601", protocol},
  };
  for (const auto& each : rows) {
    entrance door;
    EXPECT_EQ(door.take(each.bytes), step::refused) << each.why;
    EXPECT_THAT(door.out, HasSubstr("VFATAL")) << each.why;
    EXPECT_THAT(door.out, HasSubstr("C" + each.code)) << each.why;
    EXPECT_EQ(door.way_in.why().cause, each.cause) << each.why;
  }
}

// Who asks for the one or the other, and nobody else.
auth::access_ptr access_to(const config::name_pattern& database) {
  config::auth section;
  auto& only = section.rules.emplace_back();
  only.databases = {database};
  only.users = {{config::name_pattern::kind::all, "", std::nullopt}};
  only.address = config::network{};
  only.method = config::auth_method::trust;
  return std::make_shared<auth::access>(
      auth::access{*auth::user_table::make(section, auth::digest{}), auth::rules(section)});
}

TEST(login, is_for_replication_where_that_is_asked_for) {
  using enum wire::replication;
  const struct {
    const char* why;
    std::string parameters;
    wire::replication kind;
    bool by_shop, by_replication;
  } rows[] = {
      {"none", ""s, none, true, false},
      {"false", "replication\0off\0"s, none, true, false},
      {"physical, whatever the database", "replication\0yes\0"s, physical, false, true},
      {"logical, like anybody in that database", "replication\0database\0"s, logical, true, false},
      {"the last one counts", "replication\0true\0replication\0no\0"s, none, true, false},
      {"no setting", "options\0-c replication=true\0"s, none, true, false},
  };
  for (const auto& each : rows) {
    const auto bytes = packet(v3, "user\0app\0database\0shop\0"s + each.parameters + "\0"s);
    using kind = config::name_pattern::kind;
    entrance to_shop(access_to({kind::name, "shop", std::nullopt}));
    entrance to_replicate(access_to({kind::replication, "", std::nullopt}));
    EXPECT_EQ(to_shop.take(bytes) == step::accepted, each.by_shop) << each.why;
    EXPECT_EQ(to_replicate.take(bytes) == step::accepted, each.by_replication) << each.why;
    EXPECT_EQ(to_shop.way_in.replication, each.kind) << each.why;
  }
}

// A client that knows (or thinks that it knows) the password.
struct scram_dialogue {
  explicit scram_dialogue(const std::string& user) {
    EXPECT_EQ(door.take(packet(v3, "user\0"s + user + "\0\0"s)), step::more);
    EXPECT_THAT(door.out, HasSubstr("SCRAM-SHA-256"));
  }
  step first() {
    std::string bytes;
    wire::write_sasl_initial_response(bytes, "SCRAM-SHA-256", client.client_first());
    return door.take(bytes);
  }
  step last(std::string_view password) {
    const auto answer = client.server_first(std::string_view(door.out).substr(9), password);
    std::string bytes;
    wire::write_sasl_response(bytes, answer ? *answer : "");
    return door.take(bytes);
  }

  entrance door{strict};
  auth::scram_client client{"client-nonce"};
};

TEST(login, takes_a_password_by_scram) {
  scram_dialogue talk("app");
  ASSERT_EQ(talk.first(), step::more);
  ASSERT_EQ(talk.last("pencil"), step::accepted);
  EXPECT_TRUE(talk.client.server_final(std::string_view(talk.door.out).substr(9)));
}

TEST(login, treats_a_wrong_password_and_a_wrong_name_alike) {
  for (const auto& [user, password] : {std::pair{"app", "pen"}, std::pair{"nobody", "pencil"}}) {
    scram_dialogue talk(user);
    ASSERT_EQ(talk.first(), step::more) << user;
    EXPECT_EQ(talk.last(password), step::refused) << user;
    EXPECT_THAT(talk.door.out, HasSubstr("28P01")) << user;
    EXPECT_EQ(talk.door.way_in.why().cause, wire::error_cause::credentials) << user;
  }
}

TEST(login, waits_for_a_response_that_arrives_in_pieces) {
  scram_dialogue talk("app");
  std::string bytes;
  wire::write_sasl_initial_response(bytes, "SCRAM-SHA-256", talk.client.client_first());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(talk.door.take(bytes.substr(0, size)), step::more);
    EXPECT_EQ(talk.door.used, 0U);
    EXPECT_EQ(talk.door.out, "");
  }
  EXPECT_EQ(talk.door.take(bytes), step::more);
  EXPECT_EQ(talk.door.used, bytes.size());
}

TEST(login, refuses_in_the_middle_of_authentication) {
  std::string query, plus, cut;
  wire::write_query(query, "SELECT 1");
  wire::write_sasl_initial_response(plus, "SCRAM-SHA-256-PLUS", "p=x,,n=,r=x");
  wire::writer(cut, 'p').c_string("SCRAM-SHA-256").u32(99).bytes("n,,n=,r=x");
  for (const auto& bytes : {query, plus, cut, "p\0\0\0\x04"s, "p\0\0\0\0"s, "p\0\1\0\0"s, "p\x80\0\0\0"s}) {
    scram_dialogue talk("app");
    EXPECT_EQ(talk.door.take(bytes), step::refused) << testing::PrintToString(bytes);
    EXPECT_THAT(talk.door.out, HasSubstr("VFATAL"));
  }
}

auth::access_ptr access_by(std::vector<config::auth_rule> rules) {
  config::auth section;
  section.rules = std::move(rules);
  section.users = {{"app", "", "pencil"}};
  return std::make_shared<auth::access>(
      auth::access{*auth::user_table::make(section, auth::digest{}), auth::rules(section)});
}

config::auth_rule rule(config::connection_type type, config::auth_method method, const char* from = "all") {
  config::auth_rule made;
  made.type = type;
  made.databases = made.users = {{config::name_pattern::kind::all, "all", std::nullopt}};
  if (type != config::connection_type::local) made.address = config::parse_network(from);
  made.method = method;
  return made;
}

TEST(login, is_let_in_by_the_rule_for_how_and_whence_it_comes) {
  using config::auth_method;
  using config::connection_type;
  const auto access = access_by({rule(connection_type::hostssl, auth_method::trust),
                                 rule(connection_type::host, auth_method::scram_sha_256, "192.0.2.0/24"),
                                 rule(connection_type::host, auth_method::reject, "198.51.100.0/24")});
  struct row {
    const char* why;
    const char* from;  // null: by a Unix-domain socket
    bool tls;
    step what;
    std::string out;
  };
  const row rows[] = {
      {"with TLS", "203.0.113.1", true, step::accepted, ""},
      {"without, from a network that is asked", "192.0.2.7", false, step::more, "SCRAM-SHA-256"},
      {"... that is rejected", "198.51.100.1", false, step::refused,
       "auth.rules rejects connection for host \"198.51.100.1\", user \"app\", database \"shop\", no encryption"},
      {"... of which no rule speaks", "203.0.113.1", false, step::refused, "no rule in auth.rules for host"},
      {"by a Unix-domain socket, of which none speaks either", nullptr, false, step::refused, "host \"[local]\""},
  };
  for (const auto& each : rows) {
    entrance door(access, {true}, each.from != nullptr ? config::parse_ip(each.from) : std::nullopt);
    if (each.tls) door.take(packet(ssl));
    EXPECT_EQ(door.take(startup), each.what) << each.why;
    EXPECT_THAT(door.out, HasSubstr(each.out)) << each.why;
  }
}

// A load balancer's own address lets nobody in for whom it speaks.
TEST(login, comes_from_where_the_balancer_says) {
  const auto access = access_by({rule(config::connection_type::host, config::auth_method::trust, "192.0.2.0/24")});
  entrance door(access);
  door.way_in.comes_from(*config::parse_ip("203.0.113.1"));
  EXPECT_EQ(door.take(startup), step::refused);
  EXPECT_THAT(door.out, HasSubstr("203.0.113.1"));
}

TEST(login, takes_nothing_while_a_password_is_verified) {
  entrance door(access_by({rule(config::connection_type::host, config::auth_method::password)}));
  ASSERT_EQ(door.take(startup), step::more);
  std::string bytes;
  wire::write_password(bytes, "pencil");
  ASSERT_EQ(door.take(bytes + "Q"), step::verify);
  EXPECT_EQ(door.used, bytes.size());
  EXPECT_EQ(door.take("Q"), step::more);
  EXPECT_EQ(door.used, 0U);
  EXPECT_EQ(door.way_in.verified(door.way_in.to_verify()(), door.out), step::accepted);
  EXPECT_EQ(door.way_in.proven()->password, "pencil");
}

TEST(login, takes_nothing_while_somebody_else_is_asked) {
  entrance door(access_by({rule(config::connection_type::host, config::auth_method::pam)}), {},
                config::parse_ip("192.0.2.7"));
  ASSERT_EQ(door.take(startup), step::more);
  std::string bytes;
  wire::write_password(bytes, "pencil");
  ASSERT_EQ(door.take(bytes + "Q"), step::ask);
  EXPECT_EQ(door.used, bytes.size());
  EXPECT_EQ(door.take("Q"), step::more);
  EXPECT_EQ(door.used, 0U);
  EXPECT_EQ(std::get<auth::pam_question>(door.way_in.question()).remote_host, "192.0.2.7");
  EXPECT_EQ(door.way_in.answered({auth::verdict::outcome::right}, door.out), step::accepted);
  EXPECT_EQ(door.way_in.proven()->password, "pencil");
  EXPECT_TRUE(door.way_in.knew_password());
}

TEST(login, lets_a_client_go_that_does_not_want_to) {
  scram_dialogue talk("app");
  EXPECT_EQ(talk.door.take("X\0\0\0\x04"s), step::closed);
}

}  // namespace
}  // namespace highwater::proxy
