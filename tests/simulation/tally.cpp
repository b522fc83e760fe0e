#include "tests/simulation/tally.hpp"

namespace highwater::simulation {

void tally::add(const run& of) {
  add_world(of);
  add_monitor(of);
  add_sessions(of);
  add_lines(of);
  add_clients(of);
}

void tally::add_world(const run& of) {
  const auto& w = of.servers.happened;
  all_["replica paused"] += w.pauses;
  all_["replica heard nothing"] += w.deafs;
  all_["replica crashed"] += w.crashes;
  all_["replica came back with less"] += w.rewinds;
  all_["primary restarted"] += w.restarts;
  all_["unflushed tail lost"] += w.tails_lost;
  all_["switchover"] += w.switchovers;
  all_["failover"] += w.failovers;
  all_["promotion lost writes"] += w.writes_lost;
  all_["second claimant"] += w.contests;
  all_["deposed primary came back"] += w.deposed_returns;
  all_["replica had left the history"] += w.divergences;
  all_["commit stalled behind its record"] += of.servers.history().stalls;
}

void tally::add_monitor(const run& of) {
  all_["monitor's message lost"] += of.users.monitor().happened.lost_messages;
  all_["node taken out of the configuration"] += of.users.monitor().happened.taken_out;
  all_["monitor gave up waiting"] += of.users.monitor().happened.timeouts;
  all_["view seen late"] += of.users.proxy().happened.late_views;
  all_["commit shown by a replica before the primary"] += of.users.judged().shown_early;
}

void tally::add_sessions(const run& of) {
  const auto& p = of.users.proxy().happened;
  all_["waited"] += p.waits;
  all_["gate was closed"] += p.closed_gates;
  all_["gate stayed closed"] += p.gate_timeouts;
  all_["refused as too stale"] += p.refused;
  all_["no node"] += p.no_node;
  all_["read tried again"] += p.retries;
  all_["outcome unknown"] += p.unknown_commits;
  all_["connection not proved yet"] += p.unproved;
  all_["connection to another server"] += p.strangers;
  all_["connection to another life"] += p.other_lives;
  all_["connection given back unused"] += p.given_back;
  all_["pool's queue timed out"] += p.queue_timeouts;
  all_["turned away"] += p.turned_away;
  all_["joined a pipeline"] += p.joined;
  all_["held back in a pipeline"] += p.held_back;
  all_["floor began anew"] += p.floors_restarted;
  all_["bound to a deposed node"] += p.deposed;
  all_["session ended by the proxy"] += p.fatal;
  all_["served: sticky"] += p.sticky;
  all_["served: fresh"] += p.fresh;
  all_["served: fallback"] += p.fallback;
  all_["served: stale"] += p.stale;
  all_["served: level primary"] += p.level_primary;
}

void tally::add_lines(const run& of) {
  const auto& n = of.users.net().happened;
  all_["connection made"] += n.made;
  all_["node unreachable"] += n.unreachable;
  all_["server full"] += n.full;
  all_["name led elsewhere"] += n.astray;
  all_["queued for a connection"] += n.queued;
  all_["connection broke"] += n.broken;
  all_["answer lost"] += n.answers_lost;
}

void tally::add_clients(const run& of) {
  const auto& c = of.users.happened;
  all_["single read"] += c.single_reads;
  all_["single write"] += c.single_writes;
  all_["transaction that reads"] += c.reading_transactions;
  all_["transaction that writes"] += c.writing_transactions;
  all_["pipeline"] += c.pipelines;
  all_["level set"] += c.levels_set;
  all_["error told"] += c.errors;
}

}  // namespace highwater::simulation
