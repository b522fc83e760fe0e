#include "proxy/auth/scram_derivation.hpp"

#include <gtest/gtest.h>

#include "proxy/auth/scram_client.hpp"
#include "tests/unit/auth/rfc7677.hpp"

namespace highwater::auth {
namespace {

using rfc7677::replaced;

scram_client fresh() {
  return scram_client{std::string{rfc7677::client_nonce}, rfc7677::user};
}

std::string with_iterations(int count) {
  return replaced(rfc7677::server_first, "i=4096", "i=" + std::to_string(count));
}

TEST(scram_client, works_no_more_than_it_is_allowed_to) {
  const struct {
    const char* why;
    int asked;
    int most;
    boost::system::error_code refused;
  } rows[] = {
      {"less", 9, 10, {}},
      {"as many", 10, 10, {}},
      {"one more", 11, 10, error::too_many_iterations},
      {"as many as usual", usual_most_iterations, usual_most_iterations, {}},
      {"one more than usual", usual_most_iterations + 1, usual_most_iterations, error::too_many_iterations},
      {"as many as ever", max_login_iterations, max_login_iterations, {}},
      {"more than ever, whatever is allowed", max_login_iterations + 1, 2'000'000'000, error::bad_iteration_count},
      {"no bound lets none pass", 0, 10, error::bad_iteration_count},
  };
  for (const auto& each : rows) {
    auto client = fresh();
    const auto slow = client.derivation(with_iterations(each.asked), rfc7677::password, each.most);
    EXPECT_EQ(slow ? boost::system::error_code{} : slow.error(), each.refused) << each.why;
    EXPECT_EQ(slow ? slow->iterations() : 0, each.refused ? 0 : each.asked) << each.why;
    EXPECT_EQ(client.prove(secret_digest{}).has_value(), slow.has_value()) << each.why;
  }
}

TEST(scram_client, is_bounded_where_nobody_has_said_anything) {
  const auto message = with_iterations(usual_most_iterations + 1);
  EXPECT_EQ(fresh().server_first(message, rfc7677::password).error(), error::too_many_iterations);
  EXPECT_EQ(fresh().derivation(message, rfc7677::password).error(), error::too_many_iterations);
}

TEST(scram_client, proves_in_two_steps_what_it_proves_in_one) {
  auto client = fresh();
  auto slow = client.derivation(rfc7677::server_first, rfc7677::password);
  ASSERT_TRUE(slow);
  const auto elsewhere = std::move(*slow);
  EXPECT_EQ(*client.prove(*elsewhere.salted()), rfc7677::client_final);
  EXPECT_TRUE(client.server_final(rfc7677::server_final));
}

TEST(scram_client, proves_nothing_before_its_time_and_nothing_twice) {
  auto client = fresh();
  EXPECT_EQ(client.prove(secret_digest{}).error(), error::out_of_order);
  EXPECT_EQ(client.server_first(rfc7677::server_first, rfc7677::password).error(), error::out_of_order);

  client = fresh();
  const auto slow = client.derivation(rfc7677::server_first, rfc7677::password);
  EXPECT_EQ(client.server_final(rfc7677::server_final).error(), error::out_of_order) << "before the proof";
  EXPECT_EQ(client.prove(*slow->salted()).error(), error::out_of_order);

  client = fresh();
  ASSERT_TRUE(client.server_first(rfc7677::server_first, rfc7677::password));
  EXPECT_EQ(client.prove(*slow->salted()).error(), error::out_of_order) << "a second proof";
}

TEST(scram_derivation, prepares_the_password) {
  EXPECT_EQ(*scram_derivation("a\u00A0b", "salt", 3).salted(), salted_password("a b", "salt", 3));
}

}  // namespace
}  // namespace highwater::auth
