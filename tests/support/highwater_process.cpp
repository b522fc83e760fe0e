#include "tests/support/highwater_process.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <regex>
#include <stdexcept>

#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

std::string nodes_yaml(postgres_cluster& cluster) {
  std::string text = "\n  nodes:\n";
  for (const auto& node : cluster.nodes()) {
    text +=
        "    - {name: " + node->name() + ", host: " + node->host() + ", port: " + std::to_string(node->port()) + "}\n";
  }
  return text + "  monitor: {user: highwater, database: postgres}";
}

// The first line of a sanitizer's report; empty if there is none.
std::string sanitizer_report(const std::string& log) {
  constexpr std::array<const char*, 4> signs{"ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
                                             "runtime error:", "WARNING: ThreadSanitizer"};
  for (const char* sign : signs) {
    if (const auto at = log.find(sign); at != std::string::npos) return log.substr(at, log.find('\n', at) - at);
  }
  return "";
}

std::string tail(const std::string& text) {
  constexpr std::size_t enough = 8192;
  return text.size() <= enough ? text : "...\n" + text.substr(text.size() - enough);
}

// In a test as well as in a suite's tear-down.
bool failing() {
  const auto* suite = testing::UnitTest::GetInstance()->current_test_suite();
  return testing::Test::HasFailure() || (suite && suite->Failed()) || std::uncaught_exceptions() > 0;
}

std::map<std::string, std::string> sanitizer_environment() {
  return {{"ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"},
          {"UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1"},
          {"TSAN_OPTIONS", "halt_on_error=1:second_deadlock_stack=1"}};
}

}  // namespace

std::string highwater_binary() {
  const char* chosen = std::getenv("HIGHWATER_BINARY");
  return chosen ? chosen : HIGHWATER_BINARY;
}

highwater_config::highwater_config(postgres_cluster& cluster)
    : sections_{{"listen", "{address: 127.0.0.1, port: 0}"},
                {"http", "{address: 127.0.0.1, port: 0}"},
                {"workers", "2"},
                {"auth", "{method: trust}"},
                {"cluster", nodes_yaml(cluster)},
                {"log", "{level: debug}"}} {}

highwater_config& highwater_config::set(const std::string& section, const std::string& yaml) {
  sections_[section] = yaml;
  return *this;
}

std::string highwater_config::text() const {
  std::string text;
  for (const auto& [name, yaml] : sections_) text += name + ": " + yaml + "\n";
  return text;
}

highwater_process::highwater_process(const highwater_config& config) {
  const auto folder = make_folder("highwater");
  write_file(folder / "highwater.yaml", config.text());
  log_ = folder / "log";
  const auto& started = config.started();
  command start{.argv = {started.binary, (folder / "highwater.yaml").string()},
                .environment = sanitizer_environment(),
                .log = log_,
                .pipe_output = true};
  start.environment.insert(started.environment.begin(), started.environment.end());
  process_ = std::make_unique<process>(start);
  read_ports();
}

void highwater_process::read_ports() {
  static const std::regex ready(
      R"(highwater: listening on (?:127\.0\.0\.1|\[::\]):(\d+), metrics on http://127\.0\.0\.1:(\d+)/metrics)");
  while (const auto line = process_->read_line()) {
    std::smatch ports;
    if (!std::regex_match(*line, ports, ready)) continue;
    port_ = static_cast<std::uint16_t>(std::stoi(ports[1]));
    http_port_ = static_cast<std::uint16_t>(std::stoi(ports[2]));
    return;
  }
  process_->wait_for();
  throw std::runtime_error("highwater did not start:\n" + log());
}

highwater_process::~highwater_process() {
  if (const auto end = process_->wait_for(milliseconds(0)); end && !end_wanted_) {
    ADD_FAILURE() << "highwater ended by itself: " << to_string(*end);
  }
  if (process_->running()) stop();
  const std::string text = log();
  if (const auto report = sanitizer_report(text); !report.empty()) ADD_FAILURE() << report;
  if (failing()) {
    std::fprintf(stderr, "highwater's log ends with:\n%s\n", tail(text).c_str());
  }
}

std::string highwater_process::conninfo(const std::string& database, const std::string& user) const {
  return "host=127.0.0.1 port=" + std::to_string(port_) + " dbname=" + database + " user=" + user;
}

pg::connection highwater_process::connect(const std::string& database, const std::string& user) const {
  return pg::connection(conninfo(database, user));
}

std::string highwater_process::metrics() const {
  return http_get(http_port_, "/metrics").body;
}

double highwater_process::metric(const std::string& name, const labels& wanted) const {
  return sample_of(metrics(), name, wanted).value_or(0);
}

void highwater_process::await_ready() const {
  await("/readyz says 200", [this] { return http_get(http_port_, "/readyz").status == 200; });
}

void highwater_process::kill9() {
  end_wanted_ = true;
  process_->stop(SIGKILL);
}

exit_status highwater_process::stop() {
  end_wanted_ = true;
  const exit_status status = process_->stop(SIGTERM);
  if (!status.success()) ADD_FAILURE() << "highwater, asked to stop: " << to_string(status);
  return status;
}

}  // namespace highwater::testing_support
