#include "proxy/server/tls_request.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using config::tls_mode;
using enum tls_request::verdict;

// sslmode, as libpq's documentation has it ("SSL Mode Descriptions").
TEST(tls_request, goes_by_the_mode) {
  struct row {
    tls_mode mode;
    bool asks;
    tls_request::verdict without;   // the server has none
    bool other_way_from_encrypted;  // it lets nobody in with TLS
    bool other_way_from_clear;      // ... without
  };
  const row rows[] = {
      {tls_mode::disable, false, unsupported, false, false},  {tls_mode::allow, false, in_clear, true, true},
      {tls_mode::prefer, true, in_clear, true, false},        {tls_mode::require, true, unsupported, false, false},
      {tls_mode::verify_ca, true, unsupported, false, false}, {tls_mode::verify_full, true, unsupported, false, false},
  };
  for (const auto& each : rows) {
    const auto mode = config::to_string(each.mode);
    EXPECT_EQ(tls_request(each.mode).asks(), each.asks) << mode;
    EXPECT_EQ(tls_request(each.mode).answered('S'), encrypt) << mode;
    EXPECT_EQ(tls_request(each.mode).answered('N'), each.without) << mode;
    EXPECT_EQ(tls_request(each.mode).answered('E'), nonsense) << mode;
    EXPECT_EQ(tls_request(each.mode).try_other_way(true), each.other_way_from_encrypted) << mode;
    EXPECT_EQ(tls_request(each.mode).try_other_way(false), each.other_way_from_clear) << mode;
  }
}

TEST(tls_request, tries_the_other_way_once) {
  tls_request allows(tls_mode::allow);
  ASSERT_TRUE(allows.try_other_way(false));
  EXPECT_TRUE(allows.asks());
  EXPECT_FALSE(allows.try_other_way(true));
  tls_request prefers(tls_mode::prefer);
  ASSERT_TRUE(prefers.try_other_way(true));
  EXPECT_FALSE(prefers.asks());
  EXPECT_FALSE(prefers.try_other_way(false));
}

}  // namespace
}  // namespace highwater::proxy
