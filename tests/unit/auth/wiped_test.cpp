#include "proxy/auth/wiped.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>

#include "proxy/auth/scram.hpp"

namespace highwater::auth {
namespace {

const digest key = sha256(as_bytes("key"));

// What memory holds where a value made of the arguments has come to its end.
template <class Value, class... Arguments>
std::vector<std::uint8_t> left_by(Arguments&&... arguments) {
  alignas(Value) std::uint8_t memory[sizeof(Value)];
  std::fill(std::begin(memory), std::end(memory), 0xAA);
  auto* value = new (memory) Value{std::forward<Arguments>(arguments)...};
  value->~Value();
  return {std::begin(memory), std::end(memory)};
}

TEST(secret_digest, wipes_itself_and_every_copy) {
  const secret_digest original{key};
  EXPECT_EQ(left_by<secret_digest>(key), std::vector<std::uint8_t>(32, 0));
  EXPECT_EQ(left_by<secret_digest>(original), std::vector<std::uint8_t>(32, 0));
  EXPECT_EQ(original, key);
}

TEST(secret_digest, wipes_what_it_is_made_of) {
  auto returned = key;
  const secret_digest made{std::move(returned)};
  EXPECT_EQ(made, key);
  EXPECT_EQ(returned, digest{});
}

TEST(scram_keys, wipe_themselves) {
  EXPECT_EQ(left_by<scram_keys>(secret_digest{key}, secret_digest{key}), std::vector<std::uint8_t>(64, 0));
}

TEST(secret_text, keeps_its_characters_when_it_moves) {
  for (const std::string_view text : {"", "short", "a password that no small buffer holds"}) {
    secret_text first{text};
    const secret_text second{std::move(first)};
    EXPECT_EQ(second.view(), text);
    EXPECT_EQ(first.view(), "");
    EXPECT_EQ(secret_text{second}.view(), text);
  }
}

}  // namespace
}  // namespace highwater::auth
