#pragma once

// What a client is told about what it has asked for, in PostgreSQL's words where it has some. What was typed is quoted
// up to 64 bytes of it.

#include <string_view>

#include "proxy/wire/errors.hpp"

namespace highwater::console {

inline constexpr std::string_view see_help = "SHOW HELP lists the commands.";

wire::error unterminated(std::string_view what);
// `near`: what should not stand there; empty: the end. `usage`: what the command looks like; empty: there is no such.
wire::error syntax_error_at(std::string_view near, std::string_view usage);
wire::error no_parameter(std::string_view parameter);  // $1
wire::error unknown_parameter(std::string_view name);
wire::error cannot_be_changed(std::string_view parameter);
wire::error no_sql(std::string_view word);
// PgBouncer has it; `instead` says what there is here.
wire::error not_supported(std::string_view what, std::string_view instead);
wire::error needs_admin(std::string_view command);

// Of the extended protocol.
wire::error several_commands();
wire::error has_parameters();
wire::error too_many_parameters(std::size_t given, std::string_view statement);
wire::error unknown_format(unsigned code);
wire::error wrong_format_count(std::size_t given, std::size_t columns);
wire::error no_statement(std::string_view name);
wire::error no_portal(std::string_view name);
wire::error statement_exists(std::string_view name);
wire::error portal_exists(std::string_view name);
wire::error too_many_names(std::string_view what, std::size_t most);
wire::error name_too_long(std::size_t most);
wire::error ran_already(std::string_view portal);
wire::error no_function_calls();

// Of the protocol: the first is an error, behind the others the connection ends.
wire::error invalid_message(std::string_view which);
wire::error invalid_length();
wire::error too_long(std::uint64_t most);
wire::error unknown_message(char type);

}  // namespace highwater::console
