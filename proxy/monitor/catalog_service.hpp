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
#include "proxy/monitor/catalog_schedule.hpp"
#include "proxy/monitor/view_board.hpp"
#include "routing/catalog.hpp"

namespace highwater::proxy {

class catalog_service {
public:
  // `publish` is called on the service's thread; with null when the database turns out not to exist any more.
  using publish_function = std::function<void(const std::string& database, routing::catalog_ptr)>;

  // `policy_tables`: the patterns of all policies.
  catalog_service(const config::cluster& cluster, std::vector<std::string> policy_tables, view_board& board,
                  publish_function publish);
  ~catalog_service();

  // From any thread. What is known of the database already, or null; one that is not known is read at once, and
  // forgotten if it does not exist: call this again when somebody has logged in there.
  routing::catalog_ptr use(const std::string& database);
  // Something was created, altered or dropped there: what is known may be wrong.
  void out_of_date(const std::string& database);
  // A name is not known there. It may have been made by somebody who went round Highwater; reads again, but not often.
  void missed(const std::string& database);
  // Ends what is under way at once.
  void stop();

private:
  struct entry {
    catalog_schedule schedule;
    std::string problem = {};         // why it cannot be read, as logged
    bool failed = false;              // the last time it was tried
    routing::catalog_rows rows = {};  // what `newest` was made of
    routing::catalog_ptr newest = nullptr;
  };
  struct reading {
    enum class outcome : std::uint8_t { read, no_primary, no_such_database, failed };
    outcome how;
    std::string problem = {};
    routing::catalog_rows rows = {};
    routing::catalog_ptr catalog = nullptr;  // null: there is nothing new in the rows
  };

  void run();
  entry& known(const std::string& database);
  reading read(const std::string& database) const;
  void make_catalog(const std::string& database, reading& from);
  void finish(const std::string& database, reading done);
  static void complain(const std::string& database, entry& one, const std::string& problem);
  void forget(const std::string& database, const std::string& problem);

  const config::cluster& cluster_;
  const std::vector<std::string> policy_tables_;
  view_board& board_;
  publish_function publish_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, entry> databases_;
  bool stopping_ = false;
  interrupt interrupt_;
  std::thread thread_;
};

}  // namespace highwater::proxy
