#include "bench/checker/options.hpp"

#include <CLI/CLI.hpp>
#include <map>

namespace highwater::bench {
namespace {

const std::map<std::string, protocol> protocols{
    {"simple", protocol::simple}, {"extended", protocol::extended}, {"prepared", protocol::prepared}};

void add_targets(CLI::App& app, options& out) {
  auto* target = app.add_option("--target", out.target, "Connection string of the endpoint: reads and writes go there");
  auto* reads = app.add_option("--read-target", out.read_targets, "Reads take turns over these (repeat the option)");
  auto* write = app.add_option("--write-target", out.write_target, "Writes go here, with --read-target");
  reads->excludes(target)->needs(write);
  write->excludes(target)->needs(reads);
  app.add_option("--side-writer", out.side_writer, "One more writer, straight to the primary, round the endpoint");
  app.add_option("--side-pause-ms", out.side_pause_ms, "Its pause between writes")->check(CLI::NonNegativeNumber);
}

void add_workload(CLI::App& app, options& out) {
  app.add_option("--clients", out.clients, "Sessions, one thread each")->check(CLI::Range(1, 5000));
  app.add_option("--duration", out.seconds, "Seconds; 0: until --reads are done")->check(CLI::NonNegativeNumber);
  app.add_option("--reads", out.reads, "Stop after so many checked reads; 0: no such limit");
  app.add_option("--write-percent", out.write_percent, "Share of writes")->check(CLI::Range(0.0, 100.0));
  app.add_option("--multi-percent", out.multi_percent, "Share of reads that read several registers in one statement")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--multi-keys", out.multi_keys, "... how many")->check(CLI::Range(1, 100));
  app.add_option("--keys", out.shared_keys, "Registers that all clients share")->check(CLI::Range(1, 1'000'000));
  app.add_option("--own-keys", out.own_keys, "Registers of each client alone")->check(CLI::Range(0, 1000));
  app.add_option("--think-ms", out.think_ms, "Pause before each statement")->check(CLI::NonNegativeNumber);
  app.add_option("--protocol", out.protocol, "simple, extended or prepared")
      ->transform(CLI::CheckedTransformer(protocols));
  app.add_option("--seed", out.seed, "Of the random choices");
}

void add_behaviour(CLI::App& app, options& out) {
  const auto known_level = [](const std::string& name) {
    return is_level(name) ? std::string{} : "'" + name + "' is not a consistency level";
  };
  app.add_option("--level", out.level, "Consistency level, set on every connection")->check(known_level);
  app.add_option("--expect", out.expect, "Exit with 1 if this level's promise was broken")->check(known_level);
  app.add_option_function<std::string>(
         "--on-error", [&out](const std::string& what) { out.stop_on_error = what == "stop"; },
         "retry: count the error and go on (default); stop: end the run")
      ->check(CLI::IsMember({"retry", "stop"}));
  app.add_option("--timeout", out.timeout_seconds, "Seconds for one statement")->check(CLI::PositiveNumber);
  app.add_option("--share-from", out.metrics_url, "URL of Highwater's metrics: report the share of reads by replicas");
  app.add_option("--label", out.label, "What to call the run");
  app.add_flag("--json", out.json, "Print one JSON object instead of a table line");
  app.add_flag("--header", out.header, "Print the table's header first");
}

std::string contradiction(const options& given) {
  if (given.target.empty() && given.read_targets.empty())
    return "say where to: --target, or --read-target and --write-target";
  if (given.seconds == 0 && given.reads == 0) return "say when to stop: --duration or --reads";
  if (given.write_percent == 100) return "without reads there is nothing to check";
  return {};
}

}  // namespace

bool parse_command_line(int argc, char** argv, options& out, int& exit_code) {
  CLI::App app{"Reads and writes registers through a PostgreSQL endpoint and counts the reads that were too old."};
  add_targets(app, out);
  add_workload(app, out);
  add_behaviour(app, out);
  try {
    app.parse(argc, argv);
    if (const auto wrong = contradiction(out); !wrong.empty()) throw CLI::ValidationError(wrong);
  } catch (const CLI::ParseError& problem) {
    exit_code = app.exit(problem) == 0 ? 0 : 2;
    return false;
  }
  if (out.label.empty()) out.label = out.level.empty() ? "endpoint" : out.level;
  return true;
}

}  // namespace highwater::bench
