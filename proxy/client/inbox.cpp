#include "proxy/client/inbox.hpp"

#include <algorithm>

namespace highwater::proxy {

std::size_t inbox::compact(std::size_t keep) {
  if (keep == 0) return 0;
  bytes_.erase(0, keep);
  begin_ -= keep;
  return keep;
}

std::string_view inbox::piece() const noexcept {
  return left().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(passing_, left().size())));
}

void inbox::passed(std::size_t size) noexcept {
  passing_ -= size;
  consume(size);
}

}  // namespace highwater::proxy
