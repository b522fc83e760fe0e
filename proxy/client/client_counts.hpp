#pragma once

// How many clients each user and each database has, in the whole process, where `limits` say that there may not be
// more. From any thread.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "config/config.hpp"
#include "proxy/wire/errors.hpp"

namespace highwater::proxy {

class client_counts {
public:
  // One client, as long as it lasts; before the counts.
  class place {
  public:
    place(client_counts& in, std::string user, std::string database);
    ~place();
    place(const place&) = delete;
    place& operator=(const place&) = delete;

  private:
    client_counts& counts_;
    const std::string user_, database_;
  };
  using place_ptr = std::unique_ptr<place>;

  // Or why there is no place, in PostgreSQL's words.
  std::variant<place_ptr, wire::error> enter(const config::limits& limits, const std::string& user,
                                             const std::string& database);

private:
  using counts = std::map<std::string, unsigned>;
  static void leave(counts& of, const std::string& name);

  std::mutex mutex_;
  counts users_, databases_;
};

}  // namespace highwater::proxy
