// Exchanges that somebody in between meddles with, wherever he can.

#include <gtest/gtest.h>

#include "tests/unit/auth/scram_talk.hpp"

namespace highwater::auth {
namespace {

using namespace scram_talk;

// One exchange for each flag, and one without a password.
struct honest {
  const char* why;
  binding bound;
  channel of_server;
  proof by;

  outcome talk(const meddler& between = nobody) const {
    return scram_talk::talk(scram_client{"client-nonce", "user", bound},
                            scram_server{secret, "server-nonce", bound.mechanism(), of_server}, by, between);
  }
};

const honest all_honest[] = {
    {"n", {'n', ""}, tls, "pencil"},
    {"y", {'y', ""}, clear, "pencil"},
    {"p", {'p', tls.certificate_hash}, tls, "pencil"},
    {"p with keys", {'p', tls.certificate_hash}, tls, keys},
};

// Calls `change` for each message of an exchange and each place in it, and expects that somebody notices. A server that
// has been proved to is right to let the client in: it is the client then that does not believe the fourth message.
void meddle_everywhere(const std::function<std::string(std::string text, std::size_t at)>& change) {
  for (const auto& each : all_honest) {
    std::size_t sizes[4];
    ASSERT_TRUE(each.talk([&](int message, std::string text) {
                      sizes[message] = text.size();
                      return text;
                    })
                    .both_are_in());
    for (int which = 0; which < 4; ++which) {
      for (std::size_t at = 0; at < sizes[which]; ++at) {
        const auto done = each.talk(
            [&](int message, std::string text) { return message == which ? change(std::move(text), at) : text; });
        EXPECT_FALSE(done.both_are_in()) << each.why << ", message " << which << ", byte " << at;
        EXPECT_EQ(done.keys.has_value(), which == 3) << each.why << ", message " << which << ", byte " << at;
      }
    }
  }
}

TEST(meddling, is_noticed_in_each_bit) {
  for (int bit = 0; bit < 8; ++bit) {
    meddle_everywhere([bit](std::string text, std::size_t at) {
      text[at] = static_cast<char>(text[at] ^ (1 << bit));
      return text;
    });
  }
}

TEST(meddling, is_noticed_where_a_byte_is_missing) {
  meddle_everywhere([](std::string text, std::size_t at) { return text.erase(at, 1); });
}

TEST(meddling, is_noticed_where_a_byte_is_added) {
  for (const char added : {'x', ',', '=', '\0'}) {
    meddle_everywhere([added](std::string text, std::size_t at) {
      text.insert(at + 1, 1, added);
      return text;
    });
  }
}

TEST(meddling, is_noticed_where_a_message_is_cut) {
  meddle_everywhere([](std::string text, std::size_t at) { return text.substr(0, at); });
}

TEST(meddling, is_noticed_in_the_flag_whatever_else_fits) {
  for (const auto& [from, to] : {std::pair{0, "y,,"}, std::pair{1, "n,,"}, std::pair{2, "n,,"}, std::pair{2, "y,,"}}) {
    const auto& each = all_honest[from];
    const auto done = each.talk([&, to = std::string{to}](int message, std::string text) {
      if (message == 0) text.replace(0, each.bound.gs2_header().size(), to);
      if (message == 2) text.replace(2, each.bound.attribute().size(), base64(as_bytes(to)));
      return text;
    });
    EXPECT_TRUE(done.server) << each.why << " to " << to;
  }
}

}  // namespace
}  // namespace highwater::auth
