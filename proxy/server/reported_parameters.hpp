#pragma once

// What a server reports of a session's settings (ParameterStatus), as a list, and whether two such lists say the same.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace highwater::proxy {

using parameter_list = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string_view> find_parameter(const parameter_list& in, std::string_view name) noexcept;
void put_parameter(parameter_list& in, std::string_view name, std::string_view value);

// Is it the session's own to have, on whichever connection? Else it is a matter of the server, or of who one is.
bool is_sessions_own(std::string_view parameter) noexcept;

// Of those that are, in any order. Never 0.
std::uint64_t digest_of(const parameter_list& all) noexcept;

}  // namespace highwater::proxy
