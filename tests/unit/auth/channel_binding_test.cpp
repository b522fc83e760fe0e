#include "proxy/auth/channel_binding.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace highwater::auth {
namespace {

constexpr auto plus = sasl_mechanism::scram_sha_256_plus;
constexpr auto plain = sasl_mechanism::scram_sha_256;

const channel in_the_clear;
const channel hashed{true, std::string(32, 'h')};
const channel hashless{true, ""};                        // TLS with a certificate that cannot be bound to
const channel confused{false, hashed.certificate_hash};  // a hash, but no TLS

TEST(binding, says_what_rfc_5802_wants_in_both_messages) {
  const struct {
    binding bound;
    sasl_mechanism mechanism;
    std::string header;
    std::string attribute;
  } rows[] = {
      {{'n', ""}, plain, "n,,", "biws"},
      {{'y', ""}, plain, "y,,", "eSws"},
      {{'p', std::string{"\xFF\x00\x7F", 3}}, plus, "p=tls-server-end-point,,", "cD10bHMtc2VydmVyLWVuZC1wb2ludCws/wB/"},
  };
  for (const auto& each : rows) {
    EXPECT_EQ(each.bound.mechanism(), each.mechanism) << each.header;
    EXPECT_EQ(each.bound.gs2_header(), each.header);
    EXPECT_EQ(each.bound.attribute(), each.attribute) << each.header;
  }
}

TEST(offered_mechanisms, puts_the_one_that_binds_first_where_there_is_something_to_bind_to) {
  const struct {
    const char* why;
    channel beneath;
    std::vector<sasl_mechanism> offered;
  } rows[] = {
      {"no TLS", in_the_clear, {plain}},
      {"TLS", hashed, {plus, plain}},
      {"a certificate without a hash of its own", hashless, {plain}},
      {"a hash without TLS", confused, {plain}},
  };
  for (const auto& each : rows) {
    const auto offered = offered_mechanisms(each.beneath);
    EXPECT_EQ(std::vector(offered.begin(), offered.end()), each.offered) << each.why;
  }
}

TEST(check_mechanism, knows_only_what_was_offered) {
  EXPECT_EQ(*check_mechanism("SCRAM-SHA-256"), plain);
  EXPECT_EQ(*check_mechanism("SCRAM-SHA-256", hashed), plain);
  EXPECT_EQ(*check_mechanism("SCRAM-SHA-256-PLUS", hashed), plus);
  for (const auto& beneath : {in_the_clear, hashless, confused})
    EXPECT_EQ(check_mechanism("SCRAM-SHA-256-PLUS", beneath).error(), error::unknown_mechanism);
  for (const std::string_view name : {"", "SCRAM-SHA-1", "scram-sha-256", "SCRAM-SHA-256-PLUS ", "PLAIN"})
    EXPECT_EQ(check_mechanism(name, hashed).error(), error::unknown_mechanism) << name;
}

TEST(check_flag, decides_as_postgresql_does) {
  const struct {
    const char* why;
    char flag;
    sasl_mechanism chosen;
    channel beneath;
    boost::system::error_code refused;
  } rows[] = {
      {"cannot bind", 'n', plain, in_the_clear, {}},
      {"does not want to bind", 'n', plain, hashed, {}},
      {"says it does not bind, with the mechanism that does", 'n', plus, hashed, error::channel_binding_missing},
      {"could bind, and rightly believes that we cannot", 'y', plain, in_the_clear, {}},
      {"the same over TLS without a hash", 'y', plain, hashless, {}},
      {"could bind, but has not been shown our offer", 'y', plain, hashed, error::channel_binding_downgrade},
      {"could bind, with the mechanism that does", 'y', plus, hashed, error::channel_binding_missing},
      {"binds", 'p', plus, hashed, {}},
      {"binds, with the mechanism that does not", 'p', plain, hashed, error::channel_binding_requested},
      {"binds, without TLS", 'p', plain, in_the_clear, error::channel_binding_requested},
      {"binds to nothing", 'p', plus, hashless, error::channel_binding_requested},
      {"unknown flag", 'x', plain, in_the_clear, error::malformed_message},
      {"unknown flag with the mechanism that binds", 'x', plus, hashed, error::malformed_message},
      {"upper case", 'P', plus, hashed, error::malformed_message},
  };
  for (const auto& each : rows) {
    const auto checked = check_flag(each.flag, each.chosen, each.beneath);
    EXPECT_EQ(checked ? boost::system::error_code{} : checked.error(), each.refused) << each.why;
  }
}

TEST(choose_mechanism, decides_as_libpq_does) {
  using names = std::vector<std::string_view>;
  const names both{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}, reversed{"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"},
      only_plain{"SCRAM-SHA-256"}, only_plus{"SCRAM-SHA-256-PLUS"}, foreign{"OAUTHBEARER", "scram-sha-256"}, none;
  using enum channel_binding;
  const struct {
    names offered;
    channel beneath;
    channel_binding wish;
    char flag;  // or 0
    error refused;
  } rows[] = {
      {both, hashed, prefer, 'p', {}},
      {both, hashed, require, 'p', {}},
      {both, hashed, disable, 'n', {}},
      {reversed, hashed, prefer, 'p', {}},
      {only_plus, hashed, prefer, 'p', {}},
      {only_plus, hashed, disable, 0, error::no_common_mechanism},
      {only_plain, hashed, prefer, 'y', {}},
      {only_plain, hashed, disable, 'n', {}},
      {only_plain, hashed, require, 0, error::channel_binding_not_offered},
      {both, hashless, prefer, 'n', {}},
      {both, hashless, disable, 'n', {}},
      {both, hashless, require, 0, error::channel_binding_impossible},
      {only_plus, hashless, prefer, 0, error::no_common_mechanism},
      {only_plain, hashless, prefer, 'n', {}},
      {only_plain, hashless, require, 0, error::channel_binding_not_offered},
      {only_plain, in_the_clear, prefer, 'n', {}},
      {only_plain, in_the_clear, disable, 'n', {}},
      {only_plain, in_the_clear, require, 0, error::channel_binding_needs_tls},
      {only_plain, confused, prefer, 'n', {}},
      {both, in_the_clear, prefer, 0, error::channel_binding_without_tls},
      {both, in_the_clear, disable, 0, error::channel_binding_without_tls},
      {both, in_the_clear, require, 0, error::channel_binding_needs_tls},
      {both, confused, prefer, 0, error::channel_binding_without_tls},
      {foreign, hashed, prefer, 0, error::no_common_mechanism},
      {foreign, hashed, require, 0, error::no_common_mechanism},
      {none, hashed, prefer, 0, error::no_common_mechanism},
  };
  for (const auto& each : rows) {
    const auto at = &each - rows;
    const auto chosen = choose_mechanism(each.offered, each.beneath, each.wish);
    ASSERT_EQ(chosen.has_value(), each.flag != 0) << "row " << at;
    if (!chosen) {
      EXPECT_EQ(chosen.error(), each.refused) << "row " << at;
      continue;
    }
    EXPECT_EQ(chosen->flag, each.flag) << "row " << at;
    EXPECT_EQ(chosen->certificate_hash, each.flag == 'p' ? each.beneath.certificate_hash : "") << "row " << at;
  }
}

}  // namespace
}  // namespace highwater::auth
