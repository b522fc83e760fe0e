#include "bench/checker/report.hpp"

#include <boost/json.hpp>
#include <cstdio>

namespace highwater::bench {
namespace {

double milliseconds(std::chrono::nanoseconds value) {
  return std::chrono::duration<double, std::milli>(value).count();
}

double per_second(std::uint64_t count, std::chrono::duration<double> elapsed) {
  return elapsed.count() > 0 ? static_cast<double>(count) / elapsed.count() : 0;
}

std::string number(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

boost::json::object latency(const latency_histogram& histogram) {
  return {{"p50_ms", milliseconds(histogram.quantile(0.5))}, {"p99_ms", milliseconds(histogram.quantile(0.99))}};
}

std::string latency_text(const latency_histogram& histogram) {
  return number(milliseconds(histogram.quantile(0.5)), 2) + " / " + number(milliseconds(histogram.quantile(0.99)), 2);
}

std::string errors_text(const tally& counted) {
  std::string text;
  for (const auto& [code, count] : counted.errors)
    text += (text.empty() ? "" : ", ") + code + ": " + std::to_string(count);
  return text.empty() ? "0" : text;
}

std::uint64_t of(const tally& counted, violation kind) {
  return counted.violations[static_cast<std::size_t>(kind)];
}

}  // namespace

void tally::count(verdict found) noexcept {
  for (std::size_t kind = 0; kind < violation_count; ++kind) violations[kind] += found[kind] ? 1 : 0;
}

void tally::merge(const tally& other) {
  reads += other.reads;
  values += other.values;
  writes += other.writes;
  unknown_writes += other.unknown_writes;
  for (std::size_t kind = 0; kind < violation_count; ++kind) violations[kind] += other.violations[kind];
  for (const auto& [code, count] : other.errors) errors[code] += count;
  read_latency.merge(other.read_latency);
  write_latency.merge(other.write_latency);
  for (const auto& one : other.examples)
    if (examples.size() < max_examples) examples.push_back(one);
}

std::uint64_t tally::error_count() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [code, count] : errors) sum += count;
  return sum;
}

double proxy_counts::replica_share() const noexcept {
  const double all = replica_reads + primary_reads;
  return all > 0 ? replica_reads / all : 0;
}

std::string to_json(const report& run) {
  const tally& counted = run.counted;
  boost::json::object errors;
  for (const auto& [code, count] : counted.errors) errors[code] = count;
  boost::json::object out{
      {"label", run.label},
      {"reads", counted.reads},
      {"values", counted.values},
      {"writes", counted.writes},
      {"unknown_writes", counted.unknown_writes},
      {"side_writes", run.side_writes},
      {"violations", boost::json::object{{"own_write", of(counted, violation::own_write)},
                                         {"went_back", of(counted, violation::went_back)},
                                         {"causal", of(counted, violation::causal)},
                                         {"strong", of(counted, violation::strong)}}},
      {"seconds", run.elapsed.count()},
      {"reads_per_second", per_second(counted.reads, run.elapsed)},
      {"writes_per_second", per_second(counted.writes, run.elapsed)},
      {"read", latency(counted.read_latency)},
      {"write", latency(counted.write_latency)},
      {"errors", errors},
  };
  if (run.proxy) {
    out["replica_share"] = run.proxy->replica_share();
    out["replica_reads"] = run.proxy->replica_reads;
    out["primary_reads"] = run.proxy->primary_reads;
    if (counted.writes > 0) out["samples_per_write"] = run.proxy->primary_samples / static_cast<double>(counted.writes);
  }
  return boost::json::serialize(out);
}

std::string table_header() {
  return "| run | reads | writes | own writes not seen | reads that went back | older than others were told (causal) "
         "| older than acknowledged anywhere (strong) | reads by replicas | reads/s | read p50 / p99 ms "
         "| write p50 / p99 ms | errors |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|";
}

std::string table_line(const report& run) {
  const tally& counted = run.counted;
  std::string line = "| " + run.label + " | " + std::to_string(counted.reads) + " | " + std::to_string(counted.writes);
  for (const auto count : counted.violations) line += " | " + std::to_string(count);
  line += " | " + (run.proxy ? number(100 * run.proxy->replica_share(), 1) + " %" : std::string{"–"});
  line += " | " + number(per_second(counted.reads, run.elapsed), 0);
  line += " | " + latency_text(counted.read_latency) + " | " + latency_text(counted.write_latency);
  return line + " | " + errors_text(counted) + " |";
}

}  // namespace highwater::bench
