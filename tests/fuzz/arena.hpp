#pragma once

// A primary with its replicas, and Highwater in front of it: two databases of the same kind, one for what PostgreSQL
// answers by itself, one for what comes through the proxy.

#include <memory>
#include <string>
#include <vector>

#include "tests/fuzz/conductor.hpp"
#include "tests/support/highwater_process.hpp"

namespace highwater::fuzz {

// What the proxy is like.
struct setting {
  bool transaction_pooling = true;
  std::size_t pool = 1;
  std::size_t workers = 1;
};

std::string to_string(const setting& of);
const std::vector<setting>& all_settings();

class arena {
public:
  // With `direct`, there is no proxy: the "proxied" database is asked directly too.
  arena(unsigned replicas, bool direct, std::string level);
  ~arena();

  void serve(const setting& how);  // a new proxy; the one before ends
  std::string retire();            // asks it to end, and tells what was wrong with that: a leak, for example
  void replace_proxy();            // the same again, without waiting for what is under way

  endpoint alone() const;
  endpoint proxied() const;

  // Makes the clients' tables what they were at the beginning.
  void reset_alone(std::size_t clients, bool shapes);
  void reset_proxied(std::size_t clients, bool shapes);

  std::string trouble();                        // the proxy has ended by itself; empty if there is none
  double reads(const std::string& role) const;  // that this proxy has sent there
  bool has_proxy() const { return proxy_ != nullptr; }
  testing_support::highwater_process& proxy() { return *proxy_; }

private:
  void create(const std::string& database);
  void await_catalogue();
  void end_proxy();

  testing_support::postgres_cluster cluster_;
  bool direct_;
  std::string level_;
  setting setting_;
  std::unique_ptr<testing_support::highwater_process> proxy_;
  std::unique_ptr<testing_support::pg::connection> alone_, proxied_;
  std::vector<std::unique_ptr<testing_support::pg::connection>> replicas_;
};

}  // namespace highwater::fuzz
