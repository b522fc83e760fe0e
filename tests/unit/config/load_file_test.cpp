#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/load.hpp"

namespace highwater::config {
namespace {

class load_file_of : public testing::Test {
protected:
  load_file_of() : path_(testing::TempDir() + "highwater_load_" + std::to_string(getpid()) + ".yaml") {}
  ~load_file_of() override { std::filesystem::remove(path_); }

  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }

  static std::string only_mistake(const std::string& path) {
    const load_result result = load_file(path);
    return result.mistakes.size() == 1 ? to_string(result.mistakes[0], "f") : "not one mistake";
  }

  std::string path_;
};

TEST_F(load_file_of, a_configuration) {
  write("cluster: {nodes: [{host: a}]}\n");
  const load_result result = load_file(path_);
  ASSERT_TRUE(result);
  EXPECT_EQ(result.config.cluster.nodes.at(0).host, "a");
}

TEST_F(load_file_of, nothing) {
  write("");
  EXPECT_EQ(only_mistake(path_), "f: found an empty file, expected a configuration with cluster.nodes");
}

TEST_F(load_file_of, no_file) {
  EXPECT_EQ(only_mistake(path_),
            "f: found a file that cannot be read (No such file or directory), expected a configuration file");
}

TEST_F(load_file_of, a_folder) {
  EXPECT_EQ(only_mistake(testing::TempDir()),
            "f: found a file that cannot be read (Is a directory), expected a configuration file");
}

TEST_F(load_file_of, a_file_that_others_may_not_read) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read every file";
  write("cluster: {nodes: [{host: a}]}\n");
  std::filesystem::permissions(path_, std::filesystem::perms::none);
  EXPECT_EQ(only_mistake(path_),
            "f: found a file that cannot be read (Permission denied), expected a configuration file");
}

TEST_F(load_file_of, more_than_a_mebibyte) {
  write(std::string(1'048'577, ' '));
  EXPECT_EQ(only_mistake(path_), "f: found more than 1 MiB, expected a configuration of at most 1 MiB");
}

TEST(example, the_commented_configuration_has_no_mistakes) {
  const load_result result = load_file(HIGHWATER_SOURCE_DIR "/docker/highwater.yaml");
  for (const mistake& each : result.mistakes) ADD_FAILURE() << to_string(each, "docker/highwater.yaml");
  EXPECT_EQ(result.config.cluster.nodes.size(), 3U);
}

}  // namespace
}  // namespace highwater::config
