#include "bench/checker/client.hpp"

#include <algorithm>
#include <thread>

namespace highwater::bench {
namespace {

using steady = std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr milliseconds reconnect_pause{20};

std::chrono::duration<double> timeout_of(const options& wanted) {
  return std::chrono::duration<double>{wanted.timeout_seconds};
}

// A row that the answer does not hold was not there for that reader: older than any version.
version version_of(key_index key, const std::vector<row>& rows) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const row& one) { return one.key == key; });
  return found == rows.end() ? absent : found->value;
}

}  // namespace

client::client(run_state& run, unsigned number)
    : run_{run},
      number_{number},
      random_{run.wanted.seed * 1'000'003 + number},
      turn_{number},
      memory_{run.known.registers()} {
  const auto& wanted = run.wanted;
  const auto add = [&](const std::string& conninfo) {
    nodes_.emplace_back(conninfo, wanted.protocol, timeout_of(wanted));
    return nodes_.size() - 1;
  };
  if (!wanted.target.empty()) {
    readers_.push_back(add(wanted.target));
    return;
  }
  add(wanted.write_target);
  for (const auto& conninfo : wanted.read_targets) readers_.push_back(add(conninfo));
}

std::string client::open() {
  for (auto& node : nodes_)
    if (auto error = node.open(run_.wanted.level); !error.empty()) return error;
  return {};
}

void client::work() {
  while (!run_.stop.load(std::memory_order_relaxed) && !run_.enough()) {
    if (run_.wanted.think_ms > 0) std::this_thread::sleep_for(milliseconds{run_.wanted.think_ms});
    if (connected()) {
      step();
    } else {
      reconnect();
    }
  }
}

void client::step() {
  if (chance(run_.wanted.write_percent)) {
    write();
  } else {
    read();
  }
}

void client::write() {
  const auto key = pick_key();
  const auto sent = steady::now();
  const auto done = nodes_.front().write(key);
  if (!done) {
    ++counted_.unknown_writes;
    return failed(done.error);
  }
  counted_.write_latency.record(steady::now() - sent);
  ++counted_.writes;
  if (done.rows.empty()) return failed("no such register");
  run_.known.tell(key, done.rows.front().value);
  memory_.wrote(key, done.rows.front().value);
}

void client::read() {
  const bool several = chance(run_.wanted.multi_percent);
  auto& node = nodes_[readers_[turn_++ % readers_.size()]];
  read_with(node, pick_keys(several ? run_.wanted.multi_keys : 1));
}

// The order is what makes the check sound: the bounds are taken before the read is sent, and what it returned is told
// to the others only after its answer is complete and judged.
void client::read_with(connection& node, const std::vector<key_index>& keys) {
  std::vector<bounds> before;
  before.reserve(keys.size());
  for (const auto key : keys) before.push_back(run_.known.before_read(key));

  const auto sent = steady::now();
  const auto done = keys.size() == 1 ? node.read(keys.front()) : node.read(keys);
  if (!done) return failed(done.error);
  counted_.read_latency.record(steady::now() - sent);
  judge(keys, before, done.rows);
}

void client::judge(const std::vector<key_index>& keys, const std::vector<bounds>& before,
                   const std::vector<row>& rows) {
  verdict worst;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto seen = version_of(keys[i], rows);
    const auto found = memory_.judge(keys[i], seen, before[i]);
    if (found.any()) keep_examples(found, keys[i], seen, before[i]);
    worst |= found;
    memory_.read(keys[i], seen);
    run_.known.tell(keys[i], seen);
  }
  counted_.count(worst);
  counted_.values += keys.size();
  ++counted_.reads;
  run_.reads.fetch_add(1, std::memory_order_relaxed);
}

void client::keep_examples(verdict found, key_index key, version seen, const bounds& before) {
  const std::array<version, violation_count> bound{memory_.last_write(key), memory_.last_read(key), before.told,
                                                   before.anywhere};
  if (!run_.wanted.expect.empty()) found &= forbidden_by(run_.wanted.expect);
  for (std::size_t kind = 0; kind < violation_count; ++kind)
    if (found[kind] && counted_.examples.size() < tally::max_examples)
      counted_.examples.push_back({static_cast<violation>(kind), number_, key, seen, bound[kind]});
}

void client::failed(const std::string& error) {
  ++counted_.errors[error];
  if (run_.wanted.stop_on_error) run_.stop = true;
}

bool client::connected() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const connection& node) { return node.usable(); });
}

void client::reconnect() {
  memory_.forget();
  if (open().empty()) return;
  failed("connect");
  std::this_thread::sleep_for(reconnect_pause);
}

key_index client::pick_key() {
  const auto& wanted = run_.wanted;
  const bool own = wanted.own_keys > 0 && chance(50);
  if (!own) return random_() % wanted.shared_keys;
  return wanted.shared_keys + static_cast<key_index>(number_) * wanted.own_keys + random_() % wanted.own_keys;
}

std::vector<key_index> client::pick_keys(std::size_t count) {
  std::vector<key_index> keys;
  for (std::size_t i = 0; i < count; ++i)
    if (const auto key = pick_key(); std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  return keys;
}

bool client::chance(double percent) {
  return std::uniform_real_distribution<double>{0, 100}(random_) < percent;
}

side_writer::side_writer(run_state& run)
    : run_{run}, primary_{run.wanted.side_writer, protocol::simple, timeout_of(run.wanted)} {}

void side_writer::work() {
  std::mt19937_64 random{run_.wanted.seed};
  while (!run_.stop.load(std::memory_order_relaxed) && !run_.enough()) {
    const key_index key = random() % run_.wanted.shared_keys;
    if (!primary_.usable()) {
      primary_.open({});
    } else if (const auto done = primary_.write(key); done && !done.rows.empty()) {
      run_.known.tell_aside(key, done.rows.front().value);
      ++acknowledged_;
    }
    std::this_thread::sleep_for(milliseconds{run_.wanted.side_pause_ms});
  }
}

}  // namespace highwater::bench
