// A configuration, which somebody may have had another program write.
//
// What is wrong with it is said, in words and in the order of the file, and nothing else happens; what is right can be
// written down, and read again as the same.

#include "config/load.hpp"

#include <algorithm>

#include "tests/fuzz/decoders/harness.hpp"

namespace highwater::fuzz {
namespace {

using namespace config;

constexpr std::size_t most_bytes = 4096;

int lines_of(std::string_view text) noexcept {
  int lines = 1;
  for (const char each : text) lines += each == '\n' || each == '\r';
  return lines;
}

void check_mistakes(const load_result& result, std::string_view text) {
  must(result.mistakes.size() <= text.size() + 16, "mistakes are of something that was written, or left out");
  const auto* before = &result.mistakes.front();
  for (const auto& each : result.mistakes) {
    must(each.line >= 0 && each.line <= lines_of(text) + 1, "a mistake is on a line of the file");
    must(each.line >= before->line, "mistakes come in the order of the file");
    must(!each.found.empty() && !each.expected.empty(), "a mistake says what is there, and what should be");
    must(to_string(each, "file").starts_with("file"), "a mistake is told with its place");
    before = &each;
  }
}

bool masks_something(const struct config& value) {
  const auto has_secret = [](const user& one) { return !one.secret.empty() || !one.password.empty(); };
  return !value.cluster.monitor.password.empty() || std::ranges::any_of(value.auth.users, has_secret);
}

// Written down again, what a secret was is not known; all else is.
void write_again(const struct config& value) {
  const auto written = to_yaml(value);
  const auto again = load_text(written);
  if (masks_something(value)) return;
  for (const auto& each : again.mistakes) must_equal(to_string(each, written), "", "what is written can be read");
  must_equal(to_yaml(again.config), written, "what is read is what was written");
}

}  // namespace
}  // namespace highwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::fuzz;
  const auto text = text_of(data, std::min(size, most_bytes));
  const auto result = highwater::config::load_text(text);
  if (result) {
    write_again(result.config);
  } else {
    check_mistakes(result, text);
  }
  return 0;
}
