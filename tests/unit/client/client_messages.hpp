#pragma once

// What a client sends, in a few letters: "P s select 1|B s|E|S".

#include <string>
#include <string_view>
#include <vector>

#include "proxy/wire/batch_scanner.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::proxy::testing_support {

// One message. Q text · P name text · B statement · D statement (Describe) · C statement (Close) · E · S · H (Flush) ·
// F oid (FunctionCall). A name "" is the unnamed one.
inline void write_message(std::string& out, std::string_view spec) {
  const char type = spec.front();
  std::string_view rest = spec.size() > 2 ? spec.substr(2) : std::string_view();
  const auto name = std::string(rest.substr(0, rest.find(' ')));
  const auto text =
      rest.find(' ') == std::string_view::npos ? std::string() : std::string(rest.substr(name.size() + 1));
  const auto plain = name == "-" ? std::string() : name;
  switch (type) {
    case 'Q':
      return wire::write_query(out, rest);
    case 'P':
      return wire::write_parse(out, plain, text, std::string_view("\0\0", 2));
    case 'B':
      return wire::write_bind(out, "", plain);
    case 'D':
    case 'C':
      return wire::write_target(out, type == 'D' ? wire::frontend::describe : wire::frontend::close, 'S', plain);
    case 'E':
      return wire::write_execute(out, plain);
    case 'F': {
      wire::writer(out, wire::frontend::function_call)
          .u32(static_cast<std::uint32_t>(std::stoul(name)))
          .u16(0)
          .u16(0)
          .u16(0);
      return;
    }
    default:
      return wire::write_empty(out, type == 'S' ? wire::frontend::sync : wire::frontend::flush);
  }
}

// The messages of one batch, found in their bytes.
struct client_batch {
  explicit client_batch(std::string_view specs) {
    for (std::size_t at = 0; at <= specs.size();) {
      const auto end = std::min(specs.find('|', at), specs.size());
      write_message(bytes, specs.substr(at, end - at));
      at = end + 1;
    }
    scanner.scan(bytes, 1U << 20U, 1U << 20U);
  }
  std::string bytes;
  wire::batch_scanner scanner;
};

}  // namespace highwater::proxy::testing_support
