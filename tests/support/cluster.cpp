#include "tests/support/cluster.hpp"

#include <stdexcept>

#include "tests/support/scratch.hpp"
#include "tests/support/server_user.hpp"

namespace highwater::testing_support {
namespace {

namespace fs = std::filesystem;

// The servers must be quick to start and quiet when idle; dynamic shared memory in files is removed with the folder.
constexpr const char* settings_of_all = R"(
listen_addresses = '127.0.0.1'
fsync = off
wal_level = replica
wal_keep_size = '1GB'
max_wal_senders = 16
max_connections = 200
max_prepared_transactions = 16
shared_buffers = '16MB'
dynamic_shared_memory_type = mmap
autovacuum = off
jit = off
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 100ms
log_line_prefix = '%m [%p] %a '
include_if_exists = 'node.conf'
)";

// initdb once per process: every node is unpacked from this archive.
const fs::path& data_template() {
  static const fs::path archive = [] {
    const fs::path folder = make_folder("template");
    const fs::path data = folder / "data";
    run_or_throw({.argv = {server_program("initdb"), "-D", data.string(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                           "--locale=C.UTF-8", "--no-sync", "--no-instructions"},
                  .as_server_user = true});
    write_file(data / "postgresql.conf", settings_of_all);
    run_or_throw(
        {.argv = {"tar", "-C", data.string(), "-cf", (folder / "data.tar").string(), "."}, .as_server_user = true});
    fs::remove_all(data);
    return folder / "data.tar";
  }();
  return archive;
}

std::string access_rules(const std::vector<role>& roles) {
  std::string rules = "local all all trust\n";
  for (const auto& one : roles) {
    if (!one.password.empty()) rules += "host all " + one.name + " 127.0.0.1/32 md5\n";
  }
  return rules + "host all,replication all 127.0.0.1/32 trust\n";
}

std::string primary_conninfo(const node& replica, const node& upstream) {
  return "host=" + upstream.host() + " port=" + std::to_string(upstream.port()) +
         " user=postgres application_name=" + replica.name();
}

}  // namespace

postgres_cluster::postgres_cluster(const cluster_options& options)
    : folder_(make_folder("cluster")), common_settings_(options.settings), roles_(options.roles) {
  create_node({});
  for (unsigned count = 0; count < options.replicas; ++count) configure_as_replica(create_node({}), primary());
  for (const auto& each : nodes_) each->launch();
  for (const auto& each : nodes_) each->await_ready();
  create_roles(options.roles);
  await_replay();
  if (options.apply_delay.count() == 0) return;
  for (node* each : replicas()) each->set("recovery_min_apply_delay", std::to_string(options.apply_delay.count()));
}

postgres_cluster::~postgres_cluster() {
  nodes_.clear();
  std::error_code left_to_the_reaper;
  fs::remove_all(folder_, left_to_the_reaper);
}

node& postgres_cluster::replica(std::size_t index) {
  const auto all = replicas();
  if (index >= all.size()) throw std::out_of_range("the cluster has no replica " + std::to_string(index));
  return *all[index];
}

std::vector<node*> postgres_cluster::replicas() {
  std::vector<node*> all;
  for (const auto& each : nodes_) {
    if (each.get() != &primary()) all.push_back(each.get());
  }
  return all;
}

node& postgres_cluster::add_replica(const replica_options& options) {
  node& added = create_node(options.settings);
  configure_as_replica(added, options.upstream ? *options.upstream : primary());
  added.start();
  if (options.apply_delay.count() == 0) return added;
  await_replay(added);
  added.set("recovery_min_apply_delay", std::to_string(options.apply_delay.count()));
  return added;
}

void postgres_cluster::promote(node& replica) {
  replica.promote();
  for (std::size_t index = 0; index < nodes_.size(); ++index) {
    if (nodes_[index].get() == &replica) primary_ = index;
  }
}

void postgres_cluster::follow(node& replica, node& upstream) {
  replica.set("primary_conninfo", primary_conninfo(replica, upstream));
}

void postgres_cluster::rebuild(node& broken, node& upstream) {
  if (broken.running()) broken.stop(stop_mode::immediate);
  const std::string own_settings = read_file(broken.folder() / "node.conf");
  fs::remove_all(broken.folder());
  run_or_throw({.argv = {server_program("pg_basebackup"), "-D", broken.folder().string(), "-h", upstream.host(), "-p",
                         std::to_string(upstream.port()), "-U", "postgres", "--checkpoint=fast", "--no-sync"},
                .as_server_user = true});
  fs::remove(broken.folder() / "postgresql.auto.conf");
  write_file(broken.folder() / "node.conf", own_settings);
  configure_as_replica(broken, upstream);
  broken.start();
}

std::string postgres_cluster::flushed_position() {
  auto session = primary().connect();
  session.must("set synchronous_commit = local");
  session.must("select pg_logical_emit_message(true, 'harness', '')");
  return session.scalar("select pg_current_wal_flush_lsn()");
}

void postgres_cluster::await_replay(node& replica, milliseconds limit) {
  const std::string target = flushed_position();
  await(
      "node " + replica.name() + " replays up to " + target, [&] { return replica.has_replayed(target); }, limit);
}

void postgres_cluster::await_replay() {
  for (node* each : replicas()) await_replay(*each);
}

node& postgres_cluster::create_node(const std::vector<std::string>& settings) {
  const std::string name(1, static_cast<char>('a' + nodes_.size()));
  const fs::path folder = folder_ / name;
  fs::create_directory(folder);
  fs::permissions(folder, fs::perms(0700));
  give_to_server_user(folder);
  run_or_throw({.argv = {"tar", "-C", folder.string(), "-xf", data_template().string()}, .as_server_user = true});
  std::string text = "cluster_name = '" + name + "'\nunix_socket_directories = '" + folder.string() + "'\n";
  for (const auto& line : common_settings_) text += line + "\n";
  for (const auto& line : settings) text += line + "\n";
  write_file(folder / "node.conf", text);
  write_file(folder / "pg_hba.conf", access_rules(roles_));
  nodes_.push_back(std::make_unique<node>(name, folder));
  return *nodes_.back();
}

void postgres_cluster::configure_as_replica(const node& replica, const node& upstream) const {
  const fs::path own = replica.folder() / "postgresql.auto.conf";
  write_file(own, "primary_conninfo = '" + primary_conninfo(replica, upstream) + "'\n");
  write_file(replica.folder() / "standby.signal", "");
  give_to_server_user(own);
  give_to_server_user(replica.folder() / "standby.signal");
}

void postgres_cluster::create_roles(const std::vector<role>& roles) {
  auto session = primary().connect();
  session.must("create role highwater login in role pg_monitor");
  for (const auto& one : roles) {
    session.must("create role " + one.name + " login" +
                 (one.password.empty() ? "" : " password '" + one.password + "'"));
  }
}

}  // namespace highwater::testing_support
