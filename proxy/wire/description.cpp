#include "proxy/wire/description.hpp"

#include "proxy/wire/bytes.hpp"

namespace highwater::wire {

namespace {

struct column {
  std::string_view name;
  std::uint32_t type = 0;
  std::uint32_t modifier = 0;
  friend bool operator==(const column&, const column&) = default;
};

column read_column(reader& in) noexcept {
  column one;
  one.name = in.c_string();
  in.u32();  // table
  in.u16();  // ... and the place there
  one.type = in.u32();
  in.u16();  // the type's length
  one.modifier = in.u32();
  in.u16();  // format
  return one;
}

}  // namespace

bool same_columns(std::string_view columns, std::string_view others) noexcept {
  if (columns == others) return true;
  if (columns.empty() || others.empty()) return false;
  reader left(columns), right(others);
  const auto count = left.u16();
  if (right.u16() != count) return false;
  for (unsigned i = 0; i < count; ++i) {
    if (read_column(left) != read_column(right)) return false;
  }
  return left.done() && right.done();
}

}  // namespace highwater::wire
