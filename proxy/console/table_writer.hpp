#pragma once

// Tables as messages: RowDescription and DataRow.

#include <span>
#include <string>
#include <vector>

#include "proxy/console/table.hpp"

namespace highwater::console {

// The formats that a Bind asks for: none, one for all columns, or one each. As in the protocol, 0 is text and 1 binary.
class result_formats {
public:
  result_formats() = default;
  explicit result_formats(std::vector<std::uint16_t> codes) : codes_(std::move(codes)) {}

  std::uint16_t of(std::size_t column) const noexcept {
    if (codes_.empty()) return 0;
    return codes_.size() == 1 ? codes_.front() : codes_[column];
  }
  bool is_binary(std::size_t column) const noexcept { return of(column) != 0; }
  bool fits(std::size_t columns) const noexcept { return codes_.size() <= 1 || codes_.size() == columns; }
  std::size_t size() const noexcept { return codes_.size(); }

private:
  std::vector<std::uint16_t> codes_;
};

void write_row_description(std::string& out, std::span<const column> columns, const result_formats& formats = {});
void write_data_row(std::string& out, std::span<const column> columns, const row& cells,
                    const result_formats& formats = {});

}  // namespace highwater::console
