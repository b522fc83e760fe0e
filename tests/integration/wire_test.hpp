#pragma once

// A suite that speaks the protocol byte by byte to the target, and what such suites ask of an answer.

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/raw_client.hpp"
#include "tests/support/served_cluster.hpp"

namespace highwater::testing_support {

using messages = std::vector<raw::message>;

// The first column of all rows, NULL as "NULL".
inline std::vector<std::string> values(const messages& answer) {
  std::vector<std::string> found;
  for (const auto& one : answer) {
    if (one.type == 'D') found.push_back(raw::row(one).at(0).value_or("NULL"));
  }
  return found;
}

inline std::string value(const messages& answer) {
  const auto all = values(answer);
  return all.size() == 1 ? all.front() : "(" + std::to_string(all.size()) + " rows)";
}

// The SQLSTATE of the first error; empty if there is none.
inline std::string sqlstate(const messages& answer) {
  for (const auto& one : answer) {
    if (one.type == 'E') return raw::error_field(one, 'C');
  }
  return "";
}

inline std::string describe_all(const messages& answer) {
  std::string text;
  for (const auto& one : answer) text += raw::describe(one) + "; ";
  return text;
}

// Parse, Bind and Execute of an unnamed statement, without a Sync.
inline std::string run_unnamed(std::string_view sql, const std::vector<std::optional<std::string>>& parameters = {}) {
  return raw::parse("", sql) + raw::bind("", "", parameters) + raw::execute();
}

// Bind and Execute of a named one.
inline std::string run_named(std::string_view name, const std::vector<std::optional<std::string>>& parameters = {}) {
  return raw::bind("", name, parameters) + raw::execute();
}

class wire_test : public testing::Test {
protected:
  using parameters = std::vector<std::pair<std::string, std::string>>;

  static void serve(const cluster_options& options, const served_cluster::adjust& configure = {}) {
    served = std::make_unique<served_cluster>(options, configure);
  }
  static void TearDownTestSuite() { served.reset(); }

  static raw::client client(const parameters& settings = {}, const std::string& database = "postgres") {
    raw::client made(served->port());
    const auto greeting = made.log_in("postgres", database, settings);
    EXPECT_EQ(sqlstate(greeting), "");
    return made;
  }
  static messages ask(raw::client& of, std::string_view bytes) {
    of.send(bytes);
    return of.read_until_ready();
  }
  static std::string scalar(raw::client& of, std::string_view sql) {
    const auto answer = of.query(sql);
    const auto error = sqlstate(answer);
    return error.empty() ? value(answer) : error;
  }

  static node& primary() { return served->cluster().primary(); }
  // Every worker takes it for a read: the catalogue that it is classified with has its tables. Workers take clients in
  // turn.
  static void await_read(const std::string& sql) {
    if (testing_direct()) return;
    std::vector<raw::client> sessions;
    for (int i = 0; i < 4; ++i) sessions.push_back(client({{"options", "-c highwater.level=eventual"}}));
    for (auto& session : sessions) {
      await("it is known to be a read: " + sql, [&] {
        session.query(sql);
        return scalar(session, "show highwater.last_route").find("because=") == std::string::npos;
      });
    }
  }

  inline static std::unique_ptr<served_cluster> served;
};

// Only the proxy can be asked this.
#define PROXY_ONLY() \
  if (testing_direct()) GTEST_SKIP() << "says something about the proxy"

}  // namespace highwater::testing_support
