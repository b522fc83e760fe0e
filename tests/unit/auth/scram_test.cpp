#include "proxy/auth/scram.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace highwater::auth {
namespace {

struct stored {
  std::string_view password;
  std::string_view secret;
};

// pg_authid.rolpassword of roles that a PostgreSQL server made with CREATE ROLE ... PASSWORD.
constexpr stored made_by_postgresql[] = {
    {"correct horse battery staple",
     "SCRAM-SHA-256$4096:qs00xTUNW0Zz/c2999ypaQ==$rJ/978jDGkpZeSs1dsFV0jg53EjihSb7hHDr5F6XMBA=:"
     "kXu49+wyqAi/IUy7FFFgFr598EnRsK+AxtdnZ7qygdw="},
    {"p,=$:\"\\ x",
     "SCRAM-SHA-256$4096:nMOrjcwSEhE1QeSNvkDLug==$3WfkB7Cwmu4ETD2PnnM+Biyq9PpfKXwov1jIY/4WKfc=:"
     "9N+IdPsLEf6sSE2Gt2j95y+7ID8pOGeUOXOCO5QP6/Q="},
    {"p\u00E4ssw\u00F6rd\u20AC",
     "SCRAM-SHA-256$4096:+n2LZ7qip8dYPafZroRHIw==$zUAt7ZfA0dQRgrOnCPaV1+YJTcUd9X9aH3iuPfxaMNQ=:"
     "TxmupPvv4jJ28sXHMtdVAfhtpIixRWO+JyPOk+aUrDw="},
    {"a\u00A0b",
     "SCRAM-SHA-256$4096:6U4LuutScEIbT2fn4Fim6g==$AIe0ygavPIjJwCtt3PFdSLifEfzDuusOVTPXdVaDbEo=:"
     "FR6tD6IDyeKODqknKiRksQXpWadhoHI1YDwg55e5GYU="},
    {"I\u00ADX\u200Dz\u3000q",
     "SCRAM-SHA-256$4096:ngfGd72AfuYCa8g5K16jHQ==$FkSK2yGlVeTV/bpFVsNzkDq/9AktcRm9ZwNx30/0aqY=:"
     "WBK92rDRSk49TDIsBzUm0YqaaxpslBXyo4SqhOJw0V0="},
    {"a\u0007\u00ADb\u0085",
     "SCRAM-SHA-256$4096:2yngkQL+Au486WxAu85MMw==$IwvFGQ+eS8P2g/YZzPnC5bOMWUQCm6k0CyVupL7QzYY=:"
     "uYPQaYTWXKHtWAI8HD+PQf5i9Sfba0J+ViKQRpRtD/o="},
};

TEST(secret, is_the_one_that_postgresql_makes) {
  for (const auto& [password, text] : made_by_postgresql) {
    const auto parsed = parse_secret(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(format_secret(*parsed), text);
    EXPECT_EQ(make_secret(password, parsed->salt, parsed->iterations), *parsed) << text;
    EXPECT_NE(make_secret(std::string{password} + "!", parsed->salt, parsed->iterations), *parsed) << text;
  }
}

constexpr std::string_view salt = "qs00xTUNW0Zz/c2999ypaQ==";
constexpr std::string_view stored = "rJ/978jDGkpZeSs1dsFV0jg53EjihSb7hHDr5F6XMBA=";
constexpr std::string_view server = "kXu49+wyqAi/IUy7FFFgFr598EnRsK+AxtdnZ7qygdw=";

std::string text_of(std::string_view start, std::string_view with_salt = salt, std::string_view with_stored = stored,
                    std::string_view with_server = server) {
  return std::string{start}.append(with_salt).append("$").append(with_stored).append(":").append(with_server);
}

TEST(secret, may_have_any_iteration_count_that_postgresql_accepts) {
  EXPECT_EQ(parse_secret(text_of("SCRAM-SHA-256$1:"))->iterations, 1);
  EXPECT_EQ(parse_secret(text_of("SCRAM-SHA-256$2147483647:"))->iterations, 2147483647);
}

TEST(secret, is_refused_when_malformed) {
  const std::string rows[] = {
      "",
      "pencil",
      "md5ae2a81711e9f82f7a1a2c3c920c2d9f7",
      "SCRAM-SHA-256",
      "SCRAM-SHA-256$",
      "SCRAM-SHA-256$4096",
      "SCRAM-SHA-256$4096:" + std::string{salt},
      "SCRAM-SHA-256$4096:" + std::string{salt} + "$" + std::string{stored},
      text_of("scram-sha-256$4096:"),
      text_of("SCRAM-SHA-1$4096:"),
      text_of("SCRAM-SHA-256-PLUS$4096:"),
      text_of("SCRAM-SHA-256$:"),
      text_of("SCRAM-SHA-256$0:"),
      text_of("SCRAM-SHA-256$-1:"),
      text_of("SCRAM-SHA-256$+1:"),
      text_of("SCRAM-SHA-256$ 1:"),
      text_of("SCRAM-SHA-256$4096x:"),
      text_of("SCRAM-SHA-256$2147483648:"),
      text_of("SCRAM-SHA-256$4096:", ""),
      text_of("SCRAM-SHA-256$4096:", "qs00xTUNW0Zz/c2999ypaQ"),
      text_of("SCRAM-SHA-256$4096:", salt, ""),
      text_of("SCRAM-SHA-256$4096:", salt, "AAAA"),
      text_of("SCRAM-SHA-256$4096:", salt, stored, "AAAA"),
      text_of("SCRAM-SHA-256$4096:", salt, stored, std::string{server} + ":x"),
      text_of("SCRAM-SHA-256$4096:", salt, stored, std::string{server} + " "),
  };
  for (const auto& text : rows) EXPECT_EQ(parse_secret(text).error(), error::malformed_secret) << text;
}

TEST(mock_secret, is_constant_for_process_and_user_and_differs_otherwise) {
  const digest key = sha256(as_bytes("one process"));
  const digest other_key = sha256(as_bytes("another"));
  const auto made = mock_secret("nobody", key);
  EXPECT_EQ(made, mock_secret("nobody", key));
  EXPECT_NE(made.salt, mock_secret("nobody2", key).salt);
  EXPECT_NE(made.salt, mock_secret("nobody", other_key).salt);
  EXPECT_NE(made.stored_key, made.server_key);
}

TEST(mock_secret, looks_like_a_real_one) {
  const digest key = sha256(as_bytes("one process"));
  const auto real = make_secret("pencil", salt_for("app", key));
  const auto mock = mock_secret("nobody", key);
  EXPECT_EQ(mock.salt.size(), real.salt.size());
  EXPECT_EQ(mock.iterations, real.iterations);
}

TEST(make_nonce, is_as_long_as_that_of_postgresql) {
  EXPECT_EQ(make_nonce(std::vector<std::uint8_t>(nonce_bytes, 0xFF)), std::string(24, '/'));
}

}  // namespace
}  // namespace highwater::auth
