#include "proxy/server/idle_choice.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

settings_ptr some(const char* path) {
  return std::make_shared<const session_settings>(session_settings{{"search_path", path}});
}

TEST(idle_choice, prefers_the_writer_then_the_settings_then_what_is_warm) {
  const auto a = some("a"), b = some("b");
  std::vector<server_session> idle;
  for (const auto& [settings, writer] : {std::pair{a, 1U}, {b, 2U}, {a, 3U}, {b, 4U}}) {
    server_session one(0);
    one.assume(settings);
    one.written(writer);
    idle.push_back(std::move(one));
  }
  struct row {
    const char* why;
    std::uint64_t writer;
    settings_ptr settings;
    std::size_t place;
  };
  const row rows[] = {
      {"its own connection", 1, b, 0},
      {"... if it asks for that", 0, b, 3},
      {"somebody else has it now", 9, a, 2},
      {"the last one with its settings", 0, a, 2},
      {"none has them: the last one", 0, some("a"), 3},
  };
  const auto known = [&](std::size_t at) -> const server_session& { return idle[at]; };
  for (const auto& each : rows) {
    EXPECT_EQ(choose_idle(idle.size(), known, each.writer, each.settings), each.place) << each.why;
  }
}

}  // namespace
}  // namespace highwater::proxy
