// What is generated and committed is what the declarations say.

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "config/load.hpp"

namespace highwater::config {
namespace {

std::string committed(const std::string& file) {
  const std::ifstream stream(std::string(HIGHWATER_SOURCE_DIR "/docs/") + file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(reference, the_committed_documentation_is_up_to_date) {
  EXPECT_TRUE(committed("configuration.md") == reference_markdown())
      << "regenerate it: highwater reference > docs/configuration.md";
}

TEST(reference, the_committed_schema_is_up_to_date) {
  EXPECT_TRUE(committed("highwater.schema.json") == json_schema())
      << "regenerate it: highwater schema > docs/highwater.schema.json";
}

TEST(reference, its_example_loads_without_mistakes) {
  const std::string page = reference_markdown();
  const std::size_t begin = page.find("```yaml\n") + 8;
  const load_result result = load_text(page.substr(begin, page.find("```", begin) - begin));
  for (const mistake& each : result.mistakes) ADD_FAILURE() << to_string(each, "example");
  EXPECT_EQ(result.config.policies.size(), 2U);
}

TEST(reference, a_row_carries_type_unit_default_bounds_and_meaning) {
  EXPECT_NE(reference_markdown().find("| `size` | whole number | connections | `20` | 1 to 10000 | Server connections "
                                      "per node, user and database, for the whole process. |\n"),
            std::string::npos);
}

TEST(reference, trust_comes_with_its_warning) {
  EXPECT_NE(reference_markdown().find("`trust` lets everyone in"), std::string::npos);
}

TEST(json_schema, carries_bounds_and_defaults) {
  const auto root = boost::json::parse(json_schema());
  const auto& size = root.at_pointer("/properties/pool/properties/size");
  EXPECT_EQ(size.at("minimum").to_number<int>(), 1);
  EXPECT_EQ(size.at("maximum").to_number<int>(), 10'000);
  EXPECT_EQ(size.at("default").to_number<int>(), 20);
  EXPECT_EQ(root.at_pointer("/properties/cluster/required/0"), "nodes");
  EXPECT_EQ(root.at_pointer("/properties/cluster/properties/nodes/items/required/0"), "host");
  EXPECT_EQ(root.at_pointer("/properties/policies/items/properties/match/properties/tables/type"), "array");
  EXPECT_EQ(root.at_pointer("/properties/pool/additionalProperties"), false);
}

}  // namespace
}  // namespace highwater::config
