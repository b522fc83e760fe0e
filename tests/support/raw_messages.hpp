#pragma once

// Messages of the PostgreSQL protocol 3 as bytes, for tests: written from the manual's chapter 55.7 alone.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace highwater::testing_support::raw {

// What startup packets ask for.
inline constexpr std::uint32_t protocol_3_0 = 196608;
inline constexpr std::uint32_t protocol_3_2 = 196610;

struct message {
  char type = 0;
  std::string payload;  // without type and length
};

std::string int16(std::uint16_t value);  // network order
std::string int32(std::uint32_t value);
std::uint16_t int16_at(std::string_view bytes, std::size_t offset);  // throw std::out_of_range
std::uint32_t int32_at(std::string_view bytes, std::size_t offset);

std::string frame(char type, std::string_view payload);  // with its right length

// What clients send.
std::string startup(const std::string& user, const std::string& database,
                    const std::vector<std::pair<std::string, std::string>>& parameters = {},
                    std::uint32_t version = protocol_3_0);
std::string ssl_request();
std::string gss_request();
std::string cancel_request(std::uint32_t pid, std::string_view key);
std::string query(std::string_view sql);
std::string parse(std::string_view name, std::string_view sql, const std::vector<std::uint32_t>& types = {});
std::string bind(std::string_view portal, std::string_view statement,
                 const std::vector<std::optional<std::string>>& parameters = {});  // text in, text out
std::string describe_statement(std::string_view name);
std::string describe_portal(std::string_view name);
std::string execute(std::string_view portal = "", std::uint32_t max_rows = 0);
std::string close_statement(std::string_view name);
std::string close_portal(std::string_view name);
std::string sync();
std::string flush();
std::string terminate();
std::string copy_data(std::string_view data);
std::string copy_done();
std::string copy_fail(std::string_view reason);

// What servers send.
std::string error_field(const message& error, char field);  // 'C' SQLSTATE, 'M' message, ...; empty if missing
std::vector<std::optional<std::string>> row(const message& data_row);
std::string types(const std::vector<message>& messages);  // "1TDCZ"
std::string describe(const message& what);                // for failure messages

}  // namespace highwater::testing_support::raw
