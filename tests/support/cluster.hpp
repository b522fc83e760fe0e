#pragma once

// A primary and its streaming replicas: real servers, on free ports, without fsync, gone when the object is.
//
// All nodes are copies of one freshly made data folder, so they share one history from its beginning on and a replica
// needs no base backup: it streams everything since (wal_keep_size keeps it). About a second for three nodes.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/node.hpp"

namespace highwater::testing_support {

struct role {
  std::string name;
  std::string password = {};  // asked for by SCRAM on TCP connections; empty: trusted
};

struct cluster_options {
  unsigned replicas = 2;
  std::vector<std::string> settings = {};  // lines of postgresql.conf, for every node
  std::vector<role> roles = {};            // made besides the superuser `postgres` and the monitor `highwater`
  milliseconds apply_delay{0};             // recovery_min_apply_delay of every replica
};

struct replica_options {
  milliseconds apply_delay{0};
  std::vector<std::string> settings = {};
  node* upstream = nullptr;  // none: the primary; a replica makes it cascade
};

class postgres_cluster {
public:
  explicit postgres_cluster(const cluster_options& options = {});
  ~postgres_cluster();

  node& primary() { return *nodes_[primary_]; }
  node& replica(std::size_t index);  // 0-based, in order of creation, whoever is primary by now
  std::vector<node*> replicas();
  const std::vector<std::unique_ptr<node>>& nodes() const { return nodes_; }  // named a, b, c, ...

  node& add_replica(const replica_options& options = {});
  void promote(node& replica);                 // it is primary() afterwards; the old one is left as it is
  void follow(node& replica, node& upstream);  // takes its WAL from there from now on
  void rebuild(node& broken, node& upstream);  // a fresh base backup of upstream, as a replica of it; keeps its port

  // The end of the primary's WAL, flushed: everything that was committed before lies before it.
  std::string flushed_position();
  void await_replay(node& replica, milliseconds limit = patience);  // up to flushed_position()
  void await_replay();                                              // ... of all replicas

private:
  node& create_node(const std::vector<std::string>& settings);
  void configure_as_replica(const node& replica, const node& upstream) const;
  void create_roles(const std::vector<role>& roles);

  std::filesystem::path folder_;
  std::vector<std::string> common_settings_;
  std::vector<role> roles_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::size_t primary_ = 0;
};

}  // namespace highwater::testing_support
