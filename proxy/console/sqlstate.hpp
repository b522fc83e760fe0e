#pragma once

// The SQLSTATEs that only the console answers with, besides wire::sqlstate. Appendix A of the PostgreSQL manual.

#include <string_view>

namespace highwater::console::sqlstate {

inline constexpr std::string_view invalid_cursor_name = "34000";
inline constexpr std::string_view insufficient_privilege = "42501";
inline constexpr std::string_view undefined_parameter = "42P02";
inline constexpr std::string_view duplicate_cursor = "42P03";
inline constexpr std::string_view not_in_prerequisite_state = "55000";
inline constexpr std::string_view cannot_change_parameter = "55P02";
inline constexpr std::string_view config_file_error = "F0000";

}  // namespace highwater::console::sqlstate
