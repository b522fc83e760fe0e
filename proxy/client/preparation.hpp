#pragma once

// What a server connection must be given of a client's prepared statements before a batch can be sent on it, and
// whether the client would read their rows rightly then.
//
// A client reads rows by what it was told when it prepared a statement. PostgreSQL refuses to run one whose rows have
// become others (0A000, RevalidateCachedQuery() in plancache.c), but it cannot know what another connection told. So a
// statement that is prepared anew is described anew, with the parameter types of the first time, and compared.

#include <string>
#include <vector>

#include "proxy/client/prepared_names.hpp"

namespace highwater::proxy {

class preparation {
public:
  // Would a client that was told the one misread rows of the other? Not known as long as either is null.
  static bool differ(const description_ptr& there, const description_ptr& told) noexcept;

  struct item {
    prepared_ptr what;
    description_ptr told;  // null: nobody has asked a server yet
    std::string name;      // the client's
    std::string text;      // as the server is to see it
    bool unnamed = false;
  };

  void clear() noexcept {
    items_.clear();
    outdated_ = false;
  }
  bool needed() const noexcept { return !items_.empty(); }

  // What the connection lacks.
  void add(item one);
  // It has the statement now; `there` is how it was described on it.
  void compare(const description_ptr& there, const description_ptr& told) noexcept { outdated_ |= differ(there, told); }
  // A statement's rows are not what the client was told.
  bool outdated() const noexcept { return outdated_; }

  const std::vector<item>& items() const noexcept { return items_; }
  std::vector<statement_to_prepare> to_send() const;

private:
  std::vector<item> items_;
  bool outdated_ = false;
};

}  // namespace highwater::proxy
