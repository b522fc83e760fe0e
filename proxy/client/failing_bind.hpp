#pragma once

// A Bind that fails before anybody looks at a table: the server shall say so of something that takes as much, so that
// it need not be given the client's statement first, which may not be possible any more.

#include <optional>
#include <string_view>

#include "proxy/client/writing.hpp"

namespace highwater::proxy {

// The types of the parameters, as in Parse; none as long as no server has told.
std::optional<std::string_view> parameter_types_of(const named_statement& known) noexcept;
// Does the Bind, by its body, supply another number of them? False if that is not known.
bool supplies_wrong_number(const named_statement& known, std::string_view bind) noexcept;

// Made for a batch, before any of it is sent.
class failing_bind {
public:
  explicit failing_bind(const writing& about);

  // Whatever is not about the transaction's end is refused, and nothing is looked at for that.
  bool knows_of_failure() const noexcept { return in_failed_transaction_; }

  // What the server is to be given in place of the client's statement: something empty that takes these. None if the
  // Bind means the statement itself.
  //
  // Of a wrong number of parameters the server tells together with the statement's name, and several names of the
  // client's may share one of ours: what stands for one of them has one.
  std::optional<std::string_view> stands_in(std::string_view name, const named_statement& known,
                                            std::string_view bind) const;

  // ... or will the server refuse it with what is there, whatever that is?
  bool fails_as_it_is(std::string_view name, const named_statement& known) const {
    return in_failed_transaction_ && is_there(name, known);
  }

private:
  bool is_there(std::string_view name, const named_statement& known) const;

  const writing& about_;
  bool in_failed_transaction_;  // and nothing in the batch may end that
};

}  // namespace highwater::proxy
