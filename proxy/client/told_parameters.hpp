#pragma once

// What a client believes its reported settings to be (ParameterStatus). PostgreSQL tells of a change and of nothing
// else, and drivers hold it to that; on shared connections what a server reports may be no news to this client.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/server/reported_parameters.hpp"

namespace highwater::proxy {

class told_parameters {
public:
  void start(std::shared_ptr<const parameter_list> at_login);
  const parameter_list& at_login() const noexcept { return at_login_ ? *at_login_ : none(); }

  // The client is to be told; false if it knows already.
  bool news(std::string_view name, std::string_view value);

  std::optional<std::string_view> believed(std::string_view name) const noexcept;
  // Of all that the client believes now: see digest_of(parameter_list).
  std::uint64_t digest() const;
  parameter_list all() const;
  // Can the texts be read that a client sends which believes this? See text_is_plain().
  bool plain() const noexcept { return plain_; }

private:
  static const parameter_list& none() noexcept;
  void changed(std::string_view name);

  std::shared_ptr<const parameter_list> at_login_;  // shared by all that were told the same
  std::unique_ptr<parameter_list> since_;           // what differs from that, or did once
  mutable std::uint64_t digest_ = 0;                // 0: to be found out
  bool plain_ = true;
};

}  // namespace highwater::proxy
