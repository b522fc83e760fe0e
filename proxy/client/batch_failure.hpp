#pragma once

// Where a batch fails of which a statement cannot be run, because a server refuses to prepare it anew, or because its
// rows are not what the client was told. PostgreSQL, which has had it all the time, finds that out where it looks at
// the tables: what stands before that is done, and told of.

#include <optional>
#include <string>
#include <string_view>

#include "proxy/client/preparation.hpp"
#include "proxy/client/writing.hpp"
#include "proxy/wire/batch_scanner.hpp"

namespace highwater::proxy {

struct batch_failure {
  std::size_t at = 0;                            // the message
  const preparation::item* why = nullptr;        // one that fails
  std::optional<std::string_view> parameters{};  // it is a Describe: these are told first, if they are known
};

// None if nothing that it uses fails.
std::optional<batch_failure> find_failure(const preparation& needs, const writing& about,
                                          const wire::batch_scanner& batch, std::string_view bytes);

// What the client is told there, but for the error: ParameterDescription.
std::string told_before(const batch_failure& failure);

}  // namespace highwater::proxy
