#pragma once

// Keeps a catalogue for every database that clients use: loads it, and loads it again now and then and after DDL. One
// thread of its own with blocking libpq, because building a large catalogue takes a while.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "config/config.hpp"
#include "proxy/monitor/view_board.hpp"
#include "routing/catalog.hpp"

namespace highwater::proxy {

class catalog_service {
public:
  // `publish` is called on the service's thread.
  using publish_function = std::function<void(const std::string& database, routing::catalog_ptr)>;

  catalog_service(const config::cluster& cluster, view_board& board, publish_function publish);
  ~catalog_service();

  // From any thread. What is known of the database already, or null; one that nobody has named before is loaded at
  // once.
  routing::catalog_ptr use(const std::string& database);
  // Something was created, altered or dropped there: what is known may be wrong.
  void out_of_date(const std::string& database);
  // A name is not known there. It may have been made by somebody who went round Highwater; loads again, but not often.
  void missed(const std::string& database);
  void stop();

private:
  using time_point = std::chrono::steady_clock::time_point;
  struct entry {
    time_point due;
    time_point loaded{};
    bool failed = false;
    routing::catalog_ptr newest;
  };

  void run();
  routing::catalog_ptr load(const std::string& database);
  void finish(const std::string& database, entry& one, routing::catalog_ptr loaded);
  const config::node* where() const;

  const config::cluster& cluster_;
  view_board& board_;
  publish_function publish_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, entry> databases_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace highwater::proxy
