#include "proxy/server/server_login.hpp"

#include <gtest/gtest.h>

#include "proxy/auth/md5.hpp"
#include "proxy/auth/scram_server.hpp"
#include "tests/unit/auth/rfc7677.hpp"

namespace highwater::proxy {
namespace {

using namespace std::string_literals;
using step = server_login::step;
namespace rfc = auth::rfc7677;

std::string request(std::uint32_t code, std::string_view data = "") {
  std::string out;
  wire::writer(out, 'R').u32(code).bytes(data);
  return out;
}
std::string ready() {
  std::string out;
  wire::write_ready_for_query(out, wire::transaction_status::idle);
  return out;
}

// The answer to the question which server it is.
std::string identity(std::string_view value) {
  std::string out;
  wire::write_text_row(out, value);
  return out;
}

struct dialogue : testing::Test {
  step take(const std::string& bytes) {
    wire::frame message;
    EXPECT_EQ(wire::peek_frame(bytes, 10'000, message), wire::frame_status::ok);
    out.clear();
    return login.take(message, out);
  }
  // As the thread for slow work does it.
  step derive() { return login.derived(login.to_derive()->salted(), out); }
  std::string_view sent() const {
    wire::frame message;
    return wire::peek_frame(out, 10'000, message) == wire::frame_status::ok ? message.body() : std::string_view();
  }

  void ends_with(const std::string& row) {
    EXPECT_EQ(take(ready()), step::more);
    EXPECT_NE(sent().find("pg_postmaster_start_time"), std::string_view::npos);
    std::string description;
    wire::write_text_row_description(description, "int8");
    EXPECT_EQ(take(description), step::more);
    EXPECT_EQ(take(row), step::more);
    EXPECT_EQ(take(ready()), step::done);
  }

  server_login login{"app", "shop", {"pencil"}, "rOprNGfwEbeRWgbNEkqO"};
  std::string out;
};

TEST_F(dialogue, begins_with_user_and_database) {
  login.first(out);
  EXPECT_NE(out.find("user\0app\0database\0shop\0"s), std::string::npos);
  EXPECT_EQ(out.size(), wire::load_u32(out.data()));
}

TEST_F(dialogue, ends_well_without_a_password) {
  EXPECT_EQ(take(request(0)), step::more);
  std::string bytes;
  wire::write_parameter_status(bytes, "server_version", "15.6");
  EXPECT_EQ(take(bytes), step::more);
  bytes.clear();
  wire::write_backend_key(bytes, {12, 34});
  EXPECT_EQ(take(bytes), step::more);
  bytes.clear();
  wire::write_notice(bytes, wire::severity::notice, {"00000", "hello", "", ""});
  EXPECT_EQ(take(bytes), step::more);
  ends_with(identity("1714557600123456"));
  EXPECT_EQ(login.server_started(), 1714557600123456);
  EXPECT_EQ(login.key().process, 12U);
  EXPECT_EQ(login.key().secret, 34U);
  ASSERT_EQ(login.parameters().size(), 1U);
  EXPECT_EQ(login.parameters()[0].second, "15.6");
}

TEST_F(dialogue, with_a_walsender_ends_where_that_is_ready) {
  login.ask_for_walsender({{"replication", "true"}, {"options", "-c geqo=off"}});
  login.first(out);
  EXPECT_NE(out.find("user\0app\0database\0shop\0replication\0true\0options\0-c geqo=off\0\0"s), std::string::npos);
  EXPECT_EQ(out.size(), wire::load_u32(out.data()));
  std::string expected, key;
  wire::write_parameter_status(expected, "server_version", "15.6");
  const auto parameter = expected;
  wire::write_notice(expected, wire::severity::notice, {"00000", "hello", "", ""});
  wire::write_backend_key(key, {12, 34});
  for (const auto& bytes : {request(0), parameter, key, expected.substr(parameter.size())}) {
    EXPECT_EQ(take(bytes), step::more);
    EXPECT_EQ(out, "");
  }
  EXPECT_EQ(take(ready()), step::done);
  EXPECT_EQ(out, "") << "it is asked nothing: it may not know SQL";
  EXPECT_EQ(login.told(), expected) << "its key is for nobody else";
  EXPECT_EQ(login.key().process, 12U);
}

TEST_F(dialogue, with_a_walsender_of_no_database_names_none) {
  server_login physical("app", "", {}, "nonce");
  physical.ask_for_walsender({{"replication", "true"}});
  physical.first(out);
  EXPECT_NE(out.find("user\0app\0replication\0true\0\0"s), std::string::npos);
}

// Rule 25
TEST_F(dialogue, fails_if_the_server_does_not_say_which_it_is) {
  std::string failure;
  wire::write_error(failure, wire::severity::error, {"57014", "canceling statement due to statement timeout", "", ""});
  for (const auto& [answer, code] :
       {std::pair(failure, "57014"), std::pair(identity(""), "08006"), std::pair(identity("x"), "08006")}) {
    login = server_login("app", "shop", {"pencil"}, "nonce");
    EXPECT_EQ(take(request(0)), step::more);
    EXPECT_EQ(take(ready()), step::more);
    EXPECT_EQ(take(answer), step::more);
    EXPECT_EQ(take(ready()), step::failed);
    EXPECT_EQ(login.why().code, code);
  }
}

TEST(is_stranger, compares_when_the_servers_started) {
  const auto t = [](int ms) { return routing::instant(std::chrono::hours(1)) + std::chrono::milliseconds(ms); };
  const config::node node{"b", "db.internal", 5433, ""};
  routing::node_view known;
  known.started = 100;
  known.sampled = t(10);
  EXPECT_FALSE(is_stranger(100, t(5), known, node));
  EXPECT_FALSE(is_stranger(99, t(10), known, node)) << "the monitor has not asked since the connection stood";
  const auto why = is_stranger(99, t(5), known, node);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code, wire::sqlstate::connection_failure);
  EXPECT_NE(why->message.find("node b (db.internal:5433)"), std::string::npos);
  known.started = 0;
  EXPECT_FALSE(is_stranger(99, t(5), known, node)) << "nothing is known of the node";
}

TEST_F(dialogue, gives_the_password_in_clear_where_asked) {
  EXPECT_EQ(take(request(3)), step::more);
  EXPECT_EQ(sent(), "pencil\0"s);
}

TEST_F(dialogue, answers_md5) {
  EXPECT_EQ(take(request(5, "\x01\x02\x03\x04")), step::more);
  EXPECT_EQ(sent(), *auth::md5_response("pencil", "app", {1, 2, 3, 4}) + '\0');
  EXPECT_EQ(take(request(5, "\x01\x02\x03")), step::failed);
}

std::string without_name(std::string_view message) {
  std::string text(message);
  return text.replace(text.find("n=user"), 6, "n=");
}

TEST_F(dialogue, binds_its_proof_to_the_channel_where_it_can) {
  struct row {
    const char* why;
    auth::channel beneath;
    std::string offered, mechanism, header;  // no mechanism: it gives up
  };
  const std::string both = "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"s, plain = "SCRAM-SHA-256\0\0"s;
  const row rows[] = {
      {"in the clear", {}, plain, "SCRAM-SHA-256", "n,,"},
      {"with TLS", {true, "hash"}, both, "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"},
      {"with TLS, to a server that cannot", {true, "hash"}, plain, "SCRAM-SHA-256", "y,,"},
      {"with a certificate that has no hash", {true, ""}, both, "SCRAM-SHA-256", "n,,"},
      {"offered where there is no channel", {}, both, "", ""},
  };
  for (const auto& each : rows) {
    server_login one("app", "shop", {"pencil"}, "nonce");
    one.over(each.beneath);
    out.clear();
    wire::frame message;
    const auto bytes = request(10, each.offered);
    ASSERT_EQ(wire::peek_frame(bytes, 10'000, message), wire::frame_status::ok);
    EXPECT_EQ(one.take(message, out), each.mechanism.empty() ? step::failed : step::more) << each.why;
    if (each.mechanism.empty()) continue;
    wire::reader first(sent());
    EXPECT_EQ(first.c_string(), each.mechanism) << each.why;
    first.u32();
    EXPECT_TRUE(first.rest().starts_with(each.header)) << each.why << ": " << first.rest();
  }
}

TEST_F(dialogue, goes_through_scram) {
  auth::scram_server server(rfc::secret(), std::string(rfc::server_nonce));
  EXPECT_EQ(take(request(10, "SCRAM-SHA-256\0\0"s)), step::more);
  wire::reader first(sent());
  EXPECT_EQ(first.c_string(), "SCRAM-SHA-256");
  const auto size = first.u32();
  EXPECT_EQ(first.rest(), without_name(rfc::client_first));
  EXPECT_EQ(size, first.rest().size());
  ASSERT_EQ(take(request(11, *server.client_first(first.rest()))), step::derive);
  EXPECT_EQ(out, "");
  ASSERT_EQ(derive(), step::more);
  const auto final_message = server.client_final(sent());
  ASSERT_TRUE(final_message) << "the proof was good";
  EXPECT_EQ(take(request(12, *final_message)), step::more);
  EXPECT_EQ(take(request(0)), step::more);
  ends_with(identity("1"));
}

// Nothing but what the client has shown: no password is there to be derived from.
TEST_F(dialogue, proves_with_the_keys_that_a_client_has_shown) {
  const auto secret = rfc::secret();
  const auto keys = auth::keys_of(auth::salted_password("pencil", secret.salt, secret.iterations));
  login = server_login("app", "shop", {"", keys}, "rOprNGfwEbeRWgbNEkqO");
  auth::scram_server server(secret, std::string(rfc::server_nonce));
  ASSERT_EQ(take(request(10, "SCRAM-SHA-256\0\0"s)), step::more);
  wire::reader first(sent());
  first.c_string();
  first.u32();
  ASSERT_EQ(take(request(11, *server.client_first(first.rest()))), step::more);
  const auto final_message = server.client_final(sent());
  ASSERT_TRUE(final_message) << "the proof was good";
  EXPECT_EQ(take(request(12, *final_message)), step::more);
  EXPECT_EQ(take(request(0)), step::more);
}

TEST_F(dialogue, has_no_password_to_give_where_only_keys_are_known) {
  for (const auto& asked : {request(3), request(5, "\x01\x02\x03\x04")}) {
    login = server_login("app", "shop", {"", auth::keys_of({})}, "nonce");
    EXPECT_EQ(take(asked), step::failed);
    EXPECT_NE(login.why().message.find("only the SCRAM secret is known"), std::string::npos);
    EXPECT_EQ(out, "");
  }
}

TEST_F(dialogue, answers_md5_with_the_secret_that_a_client_has_shown) {
  const auto fresh = [&] {
    login = server_login("app", "shop", {.md5_secret = *auth::md5_secret("pencil", "app")}, "nonce");
  };
  fresh();
  EXPECT_EQ(take(request(5, "\x01\x02\x03\x04")), step::more);
  EXPECT_EQ(sent(), *auth::md5_response("pencil", "app", {1, 2, 3, 4}) + '\0');
  fresh();
  EXPECT_EQ(take(request(3)), step::failed);
  EXPECT_NE(login.why().message.find("only the MD5 secret is known"), std::string::npos);
  EXPECT_EQ(out, "");
}

TEST_F(dialogue, does_not_believe_a_server_that_skips_its_proof) {
  ASSERT_EQ(take(request(10, "SCRAM-SHA-256\0\0"s)), step::more);
  EXPECT_EQ(take(request(0)), step::failed);
  EXPECT_EQ(login.why().code, wire::sqlstate::connection_failure);
  EXPECT_FALSE(login.why().message.empty());
}

TEST_F(dialogue, does_not_believe_ready_for_query_without_the_proof_either) {
  ASSERT_EQ(take(request(10, "SCRAM-SHA-256\0\0"s)), step::more);
  EXPECT_EQ(take(ready()), step::failed);
}

TEST_F(dialogue, does_not_believe_a_wrong_proof) {
  auth::scram_server server(rfc::secret(), std::string(rfc::server_nonce));
  ASSERT_EQ(take(request(10, "SCRAM-SHA-256\0\0"s)), step::more);
  wire::reader first(sent());
  first.c_string();
  first.u32();
  ASSERT_EQ(take(request(11, *server.client_first(first.rest()))), step::derive);
  ASSERT_EQ(derive(), step::more);
  EXPECT_EQ(take(request(12, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")), step::failed);
}

// Each time would cost as many hashes as a server may ask for.
TEST_F(dialogue, begins_scram_once) {
  const auto asks = request(10, "SCRAM-SHA-256\0\0"s);
  ASSERT_EQ(take(asks), step::more);
  EXPECT_EQ(take(asks), step::failed);
  EXPECT_EQ(login.why().message, "the server asks for SASL authentication twice");
  EXPECT_EQ(out, "");
}

TEST_F(dialogue, hands_on_the_servers_own_error) {
  std::string bytes;
  wire::write_error(bytes, wire::severity::fatal, {"3D000", "database \"shop\" does not exist", "", ""});
  EXPECT_EQ(take(bytes), step::failed);
  EXPECT_EQ(login.why().code, "3D000");
  EXPECT_EQ(login.why().message, "database \"shop\" does not exist");
}

TEST_F(dialogue, ends_at_what_is_no_login) {
  for (const auto& bytes :
       {request(7), request(9), request(99), "R\0\0\0\x06\0\0"s, "K\0\0\0\x05x"s, "S\0\0\0\x05x"s, "D\0\0\0\x04"s,
        "E\0\0\0\x05"
        "C"s,
        request(10, "PLAIN\0\0"s), request(10, ""), request(11, "nonsense"), request(12, "nonsense")}) {
    server_login fresh("app", "shop", {"pencil"}, "nonce");
    wire::frame message;
    ASSERT_EQ(wire::peek_frame(bytes, 10'000, message), wire::frame_status::ok);
    EXPECT_EQ(fresh.take(message, out), step::failed) << testing::PrintToString(bytes);
    EXPECT_FALSE(fresh.why().message.empty());
  }
}

}  // namespace
}  // namespace highwater::proxy
