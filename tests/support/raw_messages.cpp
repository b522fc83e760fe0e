#include "tests/support/raw_messages.hpp"

#include <stdexcept>

namespace highwater::testing_support::raw {
namespace {

constexpr std::uint32_t ssl_request_code = 80877103;
constexpr std::uint32_t gss_request_code = 80877104;
constexpr std::uint32_t cancel_request_code = 80877102;
constexpr std::uint32_t null_length = 0xFFFFFFFF;

std::string zero_ended(std::string_view text) {
  return std::string(text) + '\0';
}

std::string untyped_frame(std::string_view payload) {
  return int32(static_cast<std::uint32_t>(payload.size() + 4)) + std::string(payload);
}

}  // namespace

std::string int16(std::uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string int32(std::uint32_t value) {
  return int16(static_cast<std::uint16_t>(value >> 16)) + int16(static_cast<std::uint16_t>(value));
}

std::uint16_t int16_at(std::string_view bytes, std::size_t offset) {
  if (bytes.size() < offset + 2) throw std::out_of_range("a message is shorter than its fields");
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(bytes[index]); };
  return static_cast<std::uint16_t>(byte(offset) << 8 | byte(offset + 1));
}

std::uint32_t int32_at(std::string_view bytes, std::size_t offset) {
  return static_cast<std::uint32_t>(int16_at(bytes, offset)) << 16 | int16_at(bytes, offset + 2);
}

std::string frame(char type, std::string_view payload) {
  return type + untyped_frame(payload);
}

std::string startup(const std::string& user, const std::string& database,
                    const std::vector<std::pair<std::string, std::string>>& parameters, std::uint32_t version) {
  std::string body = int32(version) + zero_ended("user") + zero_ended(user);
  body += zero_ended("database") + zero_ended(database);
  for (const auto& [name, value] : parameters) body += zero_ended(name) + zero_ended(value);
  return untyped_frame(body + '\0');
}

std::string ssl_request() {
  return untyped_frame(int32(ssl_request_code));
}
std::string gss_request() {
  return untyped_frame(int32(gss_request_code));
}

std::string cancel_request(std::uint32_t pid, std::string_view key) {
  return untyped_frame(int32(cancel_request_code) + int32(pid) + std::string(key));
}

std::string query(std::string_view sql) {
  return frame('Q', zero_ended(sql));
}

std::string parse(std::string_view name, std::string_view sql, const std::vector<std::uint32_t>& types) {
  std::string body = zero_ended(name) + zero_ended(sql) + int16(static_cast<std::uint16_t>(types.size()));
  for (const auto type : types) body += int32(type);
  return frame('P', body);
}

std::string bind(std::string_view portal, std::string_view statement,
                 const std::vector<std::optional<std::string>>& parameters) {
  std::string body = zero_ended(portal) + zero_ended(statement);
  body += int16(0) + int16(static_cast<std::uint16_t>(parameters.size()));
  for (const auto& value : parameters) {
    body += value ? int32(static_cast<std::uint32_t>(value->size())) + *value : int32(null_length);
  }
  return frame('B', body + int16(0));
}

std::string describe_statement(std::string_view name) {
  return frame('D', 'S' + zero_ended(name));
}
std::string describe_portal(std::string_view name) {
  return frame('D', 'P' + zero_ended(name));
}
std::string execute(std::string_view portal, std::uint32_t max_rows) {
  return frame('E', zero_ended(portal) + int32(max_rows));
}
std::string close_statement(std::string_view name) {
  return frame('C', 'S' + zero_ended(name));
}
std::string close_portal(std::string_view name) {
  return frame('C', 'P' + zero_ended(name));
}
std::string sync() {
  return frame('S', "");
}
std::string flush() {
  return frame('H', "");
}
std::string terminate() {
  return frame('X', "");
}
std::string copy_data(std::string_view data) {
  return frame('d', data);
}
std::string copy_done() {
  return frame('c', "");
}
std::string copy_fail(std::string_view reason) {
  return frame('f', zero_ended(reason));
}

std::string error_field(const message& error, char field) {
  std::string_view rest = error.payload;
  while (!rest.empty() && rest.front() != '\0') {
    const auto end = rest.find('\0');
    if (end == std::string_view::npos) throw std::out_of_range("an error field does not end");
    if (rest.front() == field) return std::string(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
  }
  return "";
}

std::vector<std::optional<std::string>> row(const message& data_row) {
  std::vector<std::optional<std::string>> values(int16_at(data_row.payload, 0));
  std::size_t offset = 2;
  for (auto& value : values) {
    const std::uint32_t length = int32_at(data_row.payload, offset);
    offset += 4;
    if (length == null_length) continue;
    if (data_row.payload.size() - offset < length) throw std::out_of_range("a row is shorter than its fields");
    value = data_row.payload.substr(offset, length);
    offset += length;
  }
  return values;
}

std::string types(const std::vector<message>& messages) {
  std::string text;
  for (const auto& one : messages) text += one.type;
  return text;
}

std::string describe(const message& what) {
  std::string text(1, what.type);
  if (what.type == 'E' || what.type == 'N') text += " " + error_field(what, 'C') + " " + error_field(what, 'M');
  return text;
}

}  // namespace highwater::testing_support::raw
