#pragma once

// A suite that runs client programs against the target: whatever they do must work through the proxy as it does
// without it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/served_cluster.hpp"

namespace highwater::testing_support {

using arguments = std::vector<std::string>;

// What drivers/go/run has built, and nobody else: the tests of Go's drivers are left out without it.
inline const char* go_drivers() {
  return std::getenv("HIGHWATER_GO_DRIVERS");
}
#define GO_ONLY() \
  if (!go_drivers()) GTEST_SKIP() << "tests/integration/drivers/go/run runs it"

class program_test : public testing::Test {
protected:
  static void SetUpTestSuite() { served = std::make_unique<served_cluster>(); }
  static void TearDownTestSuite() { served.reset(); }

  static std::string program(const std::string& name) {
    return HIGHWATER_SOURCE_DIR "/tests/integration/drivers/" + name;
  }

  // Made on the primary itself and awaited, so that what the program does is the first thing that the proxy sees of it.
  static void create_database(const std::string& name) {
    served->cluster().primary().tell("create database " + name);
    served->cluster().await_replay();
  }

  // What the command wrote; the test fails unless it ends with 0.
  static std::string expect_success(const arguments& argv, const std::string& database) {
    const auto done = run({.argv = argv,
                           .environment = {{"PGHOST", "127.0.0.1"},
                                           {"PGPORT", std::to_string(served->port())},
                                           {"PGUSER", "postgres"},
                                           {"PGDATABASE", database},
                                           {"LC_ALL", "C.UTF-8"},
                                           {"NODE_PATH", HIGHWATER_SOURCE_DIR "/build/node/node_modules"}}},
                          milliseconds(180'000));
    EXPECT_TRUE(done.status.success()) << argv.front() << ": " << to_string(done.status) << "\n" << done.output;
    return done.output;
  }

  inline static std::unique_ptr<served_cluster> served;
};

}  // namespace highwater::testing_support
