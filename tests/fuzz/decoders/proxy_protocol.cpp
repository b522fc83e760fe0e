// What a load balancer says in front of a connection: PROXY protocol, versions 1 and 2.
//
// A header is taken as a whole or not at all; what is none never becomes one, and what is one stays it, whatever comes
// behind; and only so much is ever waited for.

#include "proxy/wire/proxy_protocol.hpp"

#include "tests/fuzz/decoders/harness.hpp"

namespace highwater::fuzz {
namespace {

using namespace wire;

constexpr std::size_t longest = 16 + longest_proxy_block;

struct verdict {
  explicit verdict(std::string_view bytes) : what(read_proxy_header(bytes, used)) {
    must(used <= bytes.size() && used <= longest, "no more is taken than there is, and than there may be");
    must((used > 0) == whole(), "what is whole is taken, and nothing else");
    if (incomplete()) must(bytes.size() < longest, "only so much is waited for");
  }
  bool incomplete() const { return std::holds_alternative<proxy_incomplete>(what); }
  bool none() const { return std::holds_alternative<not_proxy>(what); }
  bool whole() const { return !incomplete() && !none(); }
  std::string told() const {
    if (const auto* known = std::get_if<proxied>(&what))
      return to_text(known->source) + " to " + to_text(known->destination);
    return none() ? "none" : "kind " + std::to_string(what.index());
  }

  std::size_t used = 0;
  proxy_header what;
};

void check_prefix(std::string_view part, const verdict& all) {
  const verdict now(part);
  if (now.none()) must(all.none(), "what is no header never becomes one");
  if (all.whole() && part.size() < all.used) must(now.incomplete(), "a part of a header is not yet one");
  if (!now.whole()) return;
  must(all.used == now.used, "what stands behind a header does not belong to it");
  must_equal(now.told(), all.told(), "... and changes nothing");
}

// An IPv4 address in text goes into version 1 and comes out of it the same.
void say_again(const verdict& all) {
  const auto* known = std::get_if<proxied>(&all.what);
  if (known == nullptr || known->source.family != address_family::v4) return;
  auto source = to_text(known->source), destination = to_text(known->destination);
  auto from = std::string_view(source), to = std::string_view(destination);
  const auto from_ip = next_part(from, ':'), to_ip = next_part(to, ':');
  std::string line = "PROXY TCP4 ";
  line.append(from_ip).append(" ").append(to_ip).append(" ").append(from).append(" ").append(to).append("\r\n");
  const verdict again(line);
  must_equal(again.told(), all.told(), "an address is what it says in text");
}

}  // namespace
}  // namespace highwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::fuzz;
  const auto bytes = text_of(data, size);
  const verdict all(bytes);
  for (const auto& parts : arrivals(bytes)) check_prefix(parts.front(), all);
  if (all.used > 1) check_prefix(bytes.substr(0, all.used - 1), all);
  if (all.used > 0) check_prefix(bytes.substr(0, all.used), all);
  say_again(all);
  return 0;
}
