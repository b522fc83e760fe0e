#pragma once

// What a client believes its reported settings to be (ParameterStatus). PostgreSQL tells of a change and of nothing
// else, and drivers hold it to that; on shared connections what a server reports may be no news to this client.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace highwater::proxy {

using parameter_list = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string_view> find_parameter(const parameter_list& in, std::string_view name) noexcept;

class told_parameters {
public:
  void start(std::shared_ptr<const parameter_list> at_login) noexcept { at_login_ = std::move(at_login); }
  const parameter_list& at_login() const noexcept { return at_login_ ? *at_login_ : none(); }

  // The client is to be told; false if it knows already.
  bool news(std::string_view name, std::string_view value);

private:
  static const parameter_list& none() noexcept;

  std::shared_ptr<const parameter_list> at_login_;  // shared by all that were told the same
  std::unique_ptr<parameter_list> since_;           // what differs from that, or did once
};

}  // namespace highwater::proxy
