#include "proxy/wire/replication.hpp"

#include <gtest/gtest.h>

namespace highwater::wire {
namespace {

TEST(replication, is_read_as_the_server_reads_it) {
  using enum replication;
  const struct {
    std::string_view value;
    std::optional<replication> expected;
    const char* why;
  } rows[] = {
      {"database", logical, "the word"},
      {"DATABASE", std::nullopt, "... as it is"},
      {"data", std::nullopt, "... all of it"},
      {"true", physical, "a boolean"},
      {"TrUe", physical, "in any case"},
      {"t", physical, "shortened"},
      {"tru", physical, "... less"},
      {"truest", std::nullopt, "... and not made longer"},
      {"on", physical, "another one"},
      {"o", std::nullopt, "which on and off begin with"},
      {"of", none, "only off begins like that"},
      {"OFF", none, "off"},
      {"offer", std::nullopt, "not quite"},
      {"y", physical, "yes"},
      {"yes", physical, "yes"},
      {"n", none, "no"},
      {"no", none, "no"},
      {"f", none, "false"},
      {"false", none, "false"},
      {"1", physical, "a number"},
      {"0", none, "the other one"},
      {"2", std::nullopt, "no third one"},
      {"11", std::nullopt, "nor more of it"},
      {"", std::nullopt, "nothing"},
      {" on", std::nullopt, "blanks are not skipped"},
      {"physical", std::nullopt, "no value of it"},
  };
  for (const auto& each : rows)
    EXPECT_EQ(read_replication(each.value), each.expected) << each.value << ": " << each.why;
}

TEST(replication, is_refused_in_the_words_of_the_server) {
  const auto why = not_replication("maybe");
  EXPECT_EQ(why.code, "22023");
  EXPECT_EQ(why.message, "invalid value for parameter \"replication\": \"maybe\"");
  EXPECT_EQ(why.hint, "Valid values are: \"false\", 0, \"true\", 1, \"database\".");
}

}  // namespace
}  // namespace highwater::wire
