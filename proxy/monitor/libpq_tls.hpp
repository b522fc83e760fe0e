#pragma once

// How libpq is told of TLS towards a node: its own parameters, which ours are named after.

#include <string>
#include <vector>

#include "config/config.hpp"

namespace highwater::proxy {

class libpq_tls {
public:
  explicit libpq_tls(config::server_tls how) : how_(std::move(how)), mode_(config::to_string(how_.mode)) {}

  // Behind the parameters that are there, without what ends the lists. What is not configured is not there: libpq would
  // look for it in its user's home and environment, and believe others than the connections of clients do.
  void add_to(std::vector<const char*>& keys, std::vector<const char*>& values) const {
    const auto add = [&](const char* key, const std::string& value) {
      keys.push_back(key);
      values.push_back(value.empty() ? "/dev/null/none" : value.c_str());
    };
    add("sslmode", mode_);
    add("sslrootcert", how_.ca);
    add("sslcert", how_.certificate);
    add("sslkey", how_.key);
    add("sslcrl", {});
  }

private:
  config::server_tls how_;
  std::string mode_;
};

}  // namespace highwater::proxy
