#pragma once

// Keeps a catalogue for every database that clients use: reads it, and reads it again now and then and after DDL. One
// thread of its own, because building a large catalogue takes a while.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/config.hpp"
#include "proxy/monitor/catalog_connection.hpp"
#include "proxy/monitor/catalog_doubts.hpp"
#include "proxy/monitor/catalog_schedule.hpp"
#include "proxy/monitor/view_board.hpp"
#include "routing/sql/catalog.hpp"

namespace highwater::proxy {

// A catalogue, and what it may be wrong about by now. Both null: nothing is known.
struct known_catalog {
  sql::catalog_ptr catalog;
  std::shared_ptr<const catalog_doubts> doubts;
};

class catalog_service {
public:
  // `publish` is called on the service's thread; with nulls when the database turns out not to exist any more.
  using publish_function = std::function<void(const std::string& database, known_catalog)>;

  // `policy_tables`: the patterns of all policies.
  catalog_service(const config::cluster& cluster, std::vector<std::string> policy_tables, view_board& board,
                  publish_function publish);
  ~catalog_service();

  // From any thread. What is known of the database already, or nulls; one that is not known is read at once, and
  // forgotten if it does not exist: call this again when somebody has logged in there.
  known_catalog use(const std::string& database);
  // Something was created, altered or dropped there, and that is committed, or may be. All that is known is in doubt
  // about these names from now on, until a reading has begun after this and come to its end.
  void out_of_date(const std::string& database, const sql::touched_names& touched);
  // Another database may have its name now.
  void replaced(const std::string& database);
  // A name is not known there. It may have been made by somebody who went round Highwater; reads again, but not often.
  void missed(const std::string& database);
  // It is not read, and nothing is connected to it for that, until it has been let go of as often.
  void hold(const std::string& database);
  void let_go(const std::string& database);
  // There are other policies: until it has been looked at again, all that is known is in doubt.
  void follow_policies(std::vector<std::string> policy_tables);
  // Ends what is under way at once.
  void stop();

private:
  struct entry {
    catalog_schedule schedule;
    std::string problem = {};     // why it cannot be read, as logged
    bool failed = false;          // the last time it was tried
    sql::catalog_rows rows = {};  // what `newest` was made of
    bool other_policies = false;  // ... it was with others than there are now
    sql::catalog_ptr newest = nullptr;
    std::shared_ptr<catalog_doubts> doubts = {};             // of `newest`
    std::vector<std::weak_ptr<catalog_doubts>> living = {};  // of all that somebody may still use
    std::vector<schema_change> uncovered = {};               // changes that no reading began after
    schema_generation generation = 0;
    routing::instant since = routing::never;          // what a replica must have, to be read from
    routing::instant looking_since = routing::never;  // ... for one
  };
  struct reading {
    enum class outcome : std::uint8_t { read, no_primary, no_such_database, failed };
    outcome how;
    std::string problem = {};
    schema_generation covers = 0;
    sql::catalog_rows rows = {};
    sql::catalog_ptr catalog = nullptr;  // null: there is nothing new in the rows
  };

  void run();
  entry& known(const std::string& database);
  void doubt(entry& one, const sql::touched_names& touched);
  routing::node_index source(entry& one, routing::instant now) const;
  reading read(const std::string& database, routing::node_index from) const;
  reading read_from(routing::node_index node, const std::string& database) const;
  void make_catalog(const std::string& database, reading& from);
  void finish(const std::string& database, reading done);
  static void complain(const std::string& database, entry& one, const std::string& problem);
  void forget(const std::string& database, const std::string& problem);

  const config::cluster& cluster_;
  std::vector<std::string> policy_tables_;  // under the mutex
  view_board& board_;
  publish_function publish_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, entry> databases_;
  std::map<std::string, unsigned> held_;
  std::string being_read_;  // a database, or none
  bool stopping_ = false;
  interrupt interrupt_;
  std::thread thread_;
};

}  // namespace highwater::proxy
