#include "proxy/wire/bind_message.hpp"

#include "proxy/wire/bytes.hpp"

namespace highwater::wire {

namespace {

void skip_parameters(reader& in, std::size_t count) noexcept {
  constexpr std::uint32_t null_size = 0xFFFFFFFF;
  while (in.ok() && count-- > 0) {
    const auto size = in.u32();
    if (size != null_size) in.take(size);
  }
}

}  // namespace

std::optional<bind_message> read_bind(std::string_view body) {
  reader in(body);
  bind_message message;
  message.portal = in.c_string();
  message.statement = in.c_string();
  const std::size_t formats = in.u16();
  in.take(2 * formats);
  message.parameters = in.u16();
  skip_parameters(in, message.parameters);
  std::size_t wanted = in.u16();
  while (in.ok() && wanted-- > 0) message.result_formats.push_back(in.u16());
  return in.done() ? std::optional(std::move(message)) : std::nullopt;
}

}  // namespace highwater::wire
