// highwater-checker: drives a workload through an endpoint and counts the reads that were older than they may be.
// Exit code: 0 fine, 1 the expected promise was broken, 2 the run could not be made.

#include <csignal>
#include <cstdio>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench/checker/client.hpp"
#include "bench/checker/http_get.hpp"
#include "bench/checker/metrics_text.hpp"

namespace highwater::bench {
namespace {

using steady = std::chrono::steady_clock;

volatile std::sig_atomic_t interrupted = 0;

int refuse(const std::string& why) {
  std::fprintf(stderr, "highwater-checker: %s\n", why.c_str());
  return 2;
}

// The registers exist, and every node that will be read has them: a missing row is a stale read from here on.
std::string prepare(const options& wanted) {
  const std::chrono::duration<double> timeout{wanted.timeout_seconds};
  connection primary{wanted.target.empty() ? wanted.write_target : wanted.target, protocol::simple, timeout};
  if (auto error = primary.open({}); !error.empty()) return error;
  if (auto error = prepare_registers(primary, wanted.registers()); !error.empty()) return error;

  auto readers = wanted.read_targets;
  if (readers.empty()) readers.push_back(wanted.target);
  const auto deadline = steady::now() + std::chrono::seconds{20};
  for (const auto& conninfo : readers) {
    connection node{conninfo, protocol::simple, timeout};
    if (auto error = node.open({}); !error.empty()) return error;
    while (!registers_visible(node, wanted.registers())) {
      if (steady::now() > deadline) return "the registers do not show up at '" + conninfo + "'";
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  }
  return {};
}

std::optional<proxy_counts> scrape(const std::string& url) {
  const auto text = http_get(url);
  if (!text) return std::nullopt;
  return proxy_counts{sum_of(*text, "highwater_reads_total", {{"role", "replica"}}),
                      sum_of(*text, "highwater_reads_total", {{"role", "primary"}}),
                      sum_of(*text, "highwater_position_samples_total", {{"role", "primary"}})};
}

std::optional<proxy_counts> difference(const std::optional<proxy_counts>& from, const std::optional<proxy_counts>& to) {
  if (!from || !to) return std::nullopt;
  return proxy_counts{to->replica_reads - from->replica_reads, to->primary_reads - from->primary_reads,
                      to->primary_samples - from->primary_samples};
}

void watch_the_clock(run_state& run, steady::time_point started) {
  const auto& wanted = run.wanted;
  const auto limit = std::chrono::duration<double>{wanted.seconds};
  while (!run.stop && !run.enough()) {
    if (interrupted || (wanted.seconds > 0 && steady::now() - started >= limit)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  run.stop = true;
}

// One session's life in its thread: log in, wait for the others, work.
void live(client& session, std::string& error, std::latch& ready, std::latch& go) {
  error = session.open();
  ready.count_down();
  go.wait();
  if (error.empty()) session.work();
}

struct outcome {
  report result;
  std::string error;
};

outcome drive(run_state& run) {
  const auto& wanted = run.wanted;
  std::vector<client> sessions;
  sessions.reserve(wanted.clients);
  for (unsigned i = 0; i < wanted.clients; ++i) sessions.emplace_back(run, i);
  std::vector<std::string> errors(wanted.clients);
  std::latch ready{wanted.clients}, go{1};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < wanted.clients; ++i)
    threads.emplace_back([&, i] { live(sessions[i], errors[i], ready, go); });
  ready.wait();

  outcome out;
  side_writer aside{run};
  if (!wanted.side_writer.empty()) out.error = aside.open();
  for (const auto& error : errors)
    if (out.error.empty()) out.error = error;
  run.stop = !out.error.empty();

  const auto before = wanted.metrics_url.empty() ? std::nullopt : scrape(wanted.metrics_url);
  const auto started = steady::now();
  go.count_down();
  if (!wanted.side_writer.empty() && out.error.empty()) threads.emplace_back([&] { aside.work(); });
  watch_the_clock(run, started);
  threads.clear();  // joins
  out.result.elapsed = steady::now() - started;
  out.result.label = wanted.label;
  out.result.side_writes = aside.acknowledged();
  if (before) out.result.proxy = difference(before, scrape(wanted.metrics_url));
  for (const auto& session : sessions) out.result.counted.merge(session.counted());
  return out;
}

void show(const options& wanted, const report& result) {
  if (wanted.json) {
    std::printf("%s\n", to_json(result).c_str());
    return;
  }
  if (wanted.header) std::printf("%s\n", table_header().c_str());
  std::printf("%s\n", table_line(result).c_str());
}

int verdict_on(const options& wanted, const tally& counted) {
  if (counted.reads == 0) return refuse("not a single read was answered");
  const auto forbidden = forbidden_by(wanted.expect);
  int code = 0;
  for (std::size_t kind = 0; kind < violation_count; ++kind) {
    if (!forbidden[kind] || counted.violations[kind] == 0) continue;
    code = 1;
    const auto name = std::string{to_string(static_cast<violation>(kind))};
    std::fprintf(stderr, "broken promise of %s: %s, %llu of %llu reads\n", wanted.expect.c_str(), name.c_str(),
                 static_cast<unsigned long long>(counted.violations[kind]),
                 static_cast<unsigned long long>(counted.reads));
  }
  if (code == 0) return 0;
  for (const auto& one : counted.examples)
    std::fprintf(stderr, "  client %u, key %zu: saw version %lld, bound %lld (%s)\n", one.client, one.key,
                 static_cast<long long>(one.seen), static_cast<long long>(one.bound),
                 std::string{to_string(one.kind)}.c_str());
  return code;
}

int run(const options& wanted) {
  if (const auto error = prepare(wanted); !error.empty()) return refuse(error);
  run_state state{wanted};
  const auto done = drive(state);
  if (!done.error.empty()) return refuse(done.error);
  if (!wanted.metrics_url.empty() && !done.result.proxy) return refuse("no metrics at " + wanted.metrics_url);
  show(wanted, done.result);
  return verdict_on(wanted, done.result.counted);
}

}  // namespace
}  // namespace highwater::bench

int main(int argc, char** argv) {
  std::signal(SIGINT, [](int) { highwater::bench::interrupted = 1; });
  std::signal(SIGTERM, [](int) { highwater::bench::interrupted = 1; });
  highwater::bench::options wanted;
  int code = 0;
  if (!highwater::bench::parse_command_line(argc, argv, wanted, code)) return code;
  return highwater::bench::run(wanted);
}
