#include "proxy/auth/stored_secret.hpp"

#include <gtest/gtest.h>

namespace highwater::auth {
namespace {

using namespace std::string_literals;

constexpr std::string_view password = "correct horse battery staple";
constexpr std::string_view user = "md5_u";
constexpr md5_salt salt{1, 0, 255, '$'};

// pg_authid.rolpassword of roles that a PostgreSQL server made with CREATE ROLE ... PASSWORD.
constexpr std::string_view md5 = "md5ae2a81711e9f82f7a1a2c3c920c2d9f7";
constexpr std::string_view scram =
    "SCRAM-SHA-256$4096:qs00xTUNW0Zz/c2999ypaQ==$rJ/978jDGkpZeSs1dsFV0jg53EjihSb7hHDr5F6XMBA=:"
    "kXu49+wyqAi/IUy7FFFgFr598EnRsK+AxtdnZ7qygdw=";

TEST(kind_of, tells_what_postgresql_tells) {
  const struct {
    std::string stored;
    secret_kind kind;
  } rows[] = {
      {"", secret_kind::none},
      {std::string{md5}, secret_kind::md5},
      {"md500000000000000000000000000000000", secret_kind::md5},
      {std::string{scram}, secret_kind::scram},
      {"pencil", secret_kind::plain},
      {"md5", secret_kind::plain},
      {"MD5ae2a81711e9f82f7a1a2c3c920c2d9f7", secret_kind::plain},
      {"md5AE2A81711E9F82F7A1A2C3C920C2D9F7", secret_kind::plain},
      {"md5ae2a81711e9f82f7a1a2c3c920c2d9f", secret_kind::plain},
      {"md5ae2a81711e9f82f7a1a2c3c920c2d9f77", secret_kind::plain},
      {"md5ae2a81711e9f82f7a1a2c3c920c2d9fg", secret_kind::plain},
      {"ae2a81711e9f82f7a1a2c3c920c2d9f7abc", secret_kind::plain},
      {std::string{scram}.substr(0, scram.size() - 1), secret_kind::plain},
      {"SCRAM-SHA-256$4096:x", secret_kind::plain},
      {"SCRAM-SHA-512"s.append(scram.substr(13)), secret_kind::plain},
  };
  for (const auto& each : rows) EXPECT_EQ(kind_of(each.stored), each.kind) << each.stored;
}

TEST(md5_verifies, accepts_the_one_answer) {
  EXPECT_TRUE(md5_verifies(md5, salt, *md5_response(password, user, salt)));
  EXPECT_TRUE(md5_verifies(md5, salt, *md5_response_from(md5, salt)));
}

TEST(md5_verifies, refuses_every_other) {
  const auto good = *md5_response(password, user, salt);
  const auto of_nobody = *md5_response_from("md500000000000000000000000000000000", salt);
  const struct {
    const char* why;
    std::string_view stored;
    std::string response;
    error expected;
  } rows[] = {
      {"another password", md5, *md5_response("pencil", user, salt), error::login_refused},
      {"another user's", md5, *md5_response(password, "app", salt), error::login_refused},
      {"another salt", md5, *md5_response(password, user, {1, 2, 3, 4}), error::login_refused},
      {"cut", md5, good.substr(0, 34), error::login_refused},
      {"something behind it", md5, good + "x", error::login_refused},
      {"upper case", md5, "MD5" + good.substr(3), error::login_refused},
      {"what is stored", md5, std::string{md5}, error::login_refused},
      {"the password itself", md5, std::string{password}, error::login_refused},
      {"empty", md5, "", error::empty_password},
      {"empty, of nobody", "", "", error::empty_password},
      {"no secret", "", good, error::login_refused},
      {"no secret, and what it is compared with", "", of_nobody, error::login_refused},
      {"a SCRAM secret", scram, good, error::login_refused},
      {"a SCRAM secret, and what it is compared with", scram, of_nobody, error::login_refused},
      {"a plain secret", "pencil", *md5_response("pencil", user, salt), error::login_refused},
  };
  for (const auto& each : rows)
    EXPECT_EQ(md5_verifies(each.stored, salt, each.response).error(), each.expected) << each.why;
}

TEST(md5_verifies, sees_a_difference_in_any_byte) {
  const auto good = *md5_response(password, user, salt);
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_EQ(md5_verifies(md5, salt, changed).error(), error::login_refused) << at;
  }
}

TEST(password_verifies, accepts_the_one_password) {
  EXPECT_TRUE(password_verifies(md5, user, password));
  EXPECT_TRUE(password_verifies(scram, user, password));
  EXPECT_TRUE(password_verifies(scram, "whoever", password)) << "a SCRAM secret does not depend on the name";
  const auto prepared = format_secret(make_secret("a b", "salt", 3));
  EXPECT_TRUE(password_verifies(prepared, user, "a\u00A0b"));
}

TEST(password_verifies, refuses_every_other) {
  const struct {
    const char* why;
    std::string stored;
    std::string_view user;
    std::string given;
    error expected;
  } rows[] = {
      {"another password", std::string{md5}, user, "pencil", error::login_refused},
      {"another user's", std::string{md5}, "app", std::string{password}, error::login_refused},
      {"what is stored", std::string{md5}, user, std::string{md5}, error::login_refused},
      {"empty", std::string{md5}, user, "", error::empty_password},
      {"another password", std::string{scram}, user, "pencil", error::login_refused},
      {"cut", std::string{scram}, user, std::string{password.substr(1)}, error::login_refused},
      {"what is stored", std::string{scram}, user, std::string{scram}, error::login_refused},
      {"empty", std::string{scram}, user, "", error::empty_password},
      {"no secret", "", user, std::string{password}, error::login_refused},
      {"no secret, no password", "", user, "", error::empty_password},
      {"a plain secret", "pencil", user, "pencil", error::login_refused},
      {"an unknown kind", "SCRAM-SHA-512$x", user, "SCRAM-SHA-512$x", error::login_refused},
  };
  for (const auto& each : rows)
    EXPECT_EQ(password_verifies(each.stored, each.user, each.given).error(), each.expected)
        << each.why << ": " << each.stored;
}

TEST(mock_stored_secret, is_of_the_kind_asked_for_and_lets_nobody_in) {
  const auto key = sha256(as_bytes("one process"));
  const struct {
    secret_kind asked;
    secret_kind made;
  } rows[] = {
      {secret_kind::md5, secret_kind::md5},
      {secret_kind::scram, secret_kind::scram},
      {secret_kind::none, secret_kind::scram},
      {secret_kind::plain, secret_kind::scram},
  };
  for (const auto& each : rows) {
    const auto made = *mock_stored_secret(each.asked, "nobody", key, 3);
    EXPECT_EQ(kind_of(made), each.made);
    EXPECT_EQ(made, *mock_stored_secret(each.asked, "nobody", key, 3)) << "or trying again tells";
    EXPECT_NE(made, *mock_stored_secret(each.asked, "nobody2", key, 3));
    EXPECT_NE(made, *mock_stored_secret(each.asked, "nobody", sha256(as_bytes("another")), 3));
    for (const std::string_view given : {"pencil", "nobody"})
      EXPECT_EQ(password_verifies(made, "nobody", given).error(), error::login_refused);
  }
  EXPECT_EQ(*parse_secret(*mock_stored_secret(secret_kind::scram, "nobody", key, 3)), mock_secret("nobody", key, 3));
}

}  // namespace
}  // namespace highwater::auth
