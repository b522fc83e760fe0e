#include "proxy/console/table_writer.hpp"

#include "proxy/console/binary_form.hpp"
#include "proxy/wire/bytes.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::console {

namespace {

constexpr std::uint16_t variable_size = 0xFFFF;
constexpr std::uint32_t no_modifier = 0xFFFFFFFF, null_size = 0xFFFFFFFF;

struct described_type {
  std::uint32_t oid;
  std::uint16_t size;
};

// pg_type's.
constexpr described_type describe(column_type type) noexcept {
  switch (type) {
    using enum column_type;
    case text:
      return {25, variable_size};
    case int4:
      return {23, 4};
    case int8:
      return {20, 8};
    case numeric:
      return {1700, variable_size};
    case boolean:
      return {16, 1};
  }
  return {25, variable_size};
}

}  // namespace

void write_row_description(std::string& out, std::span<const column> columns, const result_formats& formats) {
  wire::writer message(out, wire::backend::row_description);
  message.u16(static_cast<std::uint16_t>(columns.size()));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto type = describe(columns[i].type);
    message.c_string(columns[i].name).u32(0).u16(0);  // of no table
    message.u32(type.oid).u16(type.size).u32(no_modifier).u16(formats.of(i));
  }
}

void write_data_row(std::string& out, std::span<const column> columns, const row& cells,
                    const result_formats& formats) {
  wire::writer message(out, wire::backend::data_row);
  message.u16(static_cast<std::uint16_t>(columns.size()));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!cells[i]) {
      message.u32(null_size);
      continue;
    }
    const auto value = formats.is_binary(i) ? binary_form(columns[i].type, *cells[i]) : *cells[i];
    message.u32(static_cast<std::uint32_t>(value.size())).bytes(value);
  }
}

}  // namespace highwater::console
