// The first packet of a connection: StartupMessage, SSLRequest, GSSENCRequest, CancelRequest.
//
// A packet is taken as a whole or not at all, what stands behind it changes nothing, as little as when it comes; and
// what is made of it is no more than what was sent.

#include "proxy/wire/startup.hpp"

#include "tests/fuzz/decoders/harness.hpp"

namespace highwater::fuzz {
namespace {

using namespace wire;
using settings = std::vector<std::pair<std::string, std::string>>;

std::string told(const settings& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) out += name + "=" + value + ";";
  return out;
}

std::string told(const startup_request& request) {
  auto out = "3." + std::to_string(request.minor) + " " + told(request.parameters) + " -c " + told(request.options);
  for (const auto& each : request.unknown_options) out += each + ",";
  return out;
}

std::string told(const startup_packet& packet) {
  if (const auto* request = std::get_if<startup_request>(&packet)) return told(*request);
  if (const auto* cancel = std::get_if<cancel_request>(&packet)) {
    return "cancel " + std::to_string(cancel->key.process) + " " + std::string(cancel->key.secret.bytes());
  }
  if (const auto* refused = std::get_if<error>(&packet)) return refused->code + " " + refused->message;
  if (const auto* garbage = std::get_if<not_startup>(&packet)) return "garbage " + std::string(garbage->why);
  return "kind " + std::to_string(packet.index());
}

void check_settings(const settings& found, std::size_t sent) {
  std::size_t size = 0;
  for (const auto& [name, value] : found) {
    must(!name.empty(), "a setting has a name");
    size += name.size() + value.size();
  }
  must(size <= sent, "settings are no more than what was sent");
}

// It would be the same packet, written again by somebody else.
void read_again(const startup_request& request, std::string_view original) {
  std::string bytes;
  {
    writer message(bytes);
    message.u32(3U << 16U | request.minor);
    for (const auto& each : request.unknown_options) message.c_string(each).c_string("");
    for (const auto& [name, value] : request.parameters) message.c_string(name).c_string(value);
    message.u8(0);
  }
  std::size_t used = 0;
  const auto packet = read_startup(bytes, used);
  const auto* again = std::get_if<startup_request>(&packet);
  must(again != nullptr && used == bytes.size(), "a startup packet can be written again");
  must_equal(told(again->parameters), told(request.parameters), "parameters stay what they are");
  must(again->unknown_options == request.unknown_options, "options of the protocol stay what they are");
  const auto has = [&](std::string_view text) { return original.find(text) != std::string_view::npos; };
  if (!has("options") && !has("_pq_.")) must_equal(bytes, original, "a startup packet is read to its end");
}

void check_packet(std::string_view bytes, const startup_packet& packet, std::size_t used) {
  must(used <= bytes.size(), "no more is taken than there is");
  must(used == 0 || used == load_u32(bytes.data()), "a packet is taken as a whole, or not at all");
  must(used <= max_startup_size, "no packet is longer than it may be");
  if (const auto* request = std::get_if<startup_request>(&packet)) {
    check_settings(request->parameters, used);
    check_settings(request->options, used);
    read_again(*request, bytes.substr(0, used));
  }
  std::size_t without = 0;
  must_equal(told(read_startup(bytes.substr(0, used == 0 ? bytes.size() : used), without)), told(packet),
             "what stands behind a packet changes nothing");
}

// Until all of it is there it is incomplete, unless it has become clear that it is none.
void check_prefix(std::string_view part, std::string_view whole, std::size_t used_of_whole) {
  std::size_t used = 0;
  const auto packet = read_startup(part, used);
  if (part.size() >= used_of_whole && used_of_whole > 0) {
    must(used == used_of_whole, "a packet ends where it ends");
    return;
  }
  must(used == 0, "nothing is taken of a part of a packet");
  if (std::holds_alternative<startup_incomplete>(packet)) return;
  must(std::holds_alternative<not_startup>(packet) && used_of_whole == 0, "a part of a packet is not a packet");
  std::size_t ignored = 0;
  must_equal(told(packet), told(read_startup(whole, ignored)), "what is none does not become one");
}

void check_options(std::string_view text) {
  settings found;
  const auto wrong = split_options(text, found);
  check_settings(found, text.size());
  settings again;
  must(split_options(text, again).has_value() == wrong.has_value() && again == found, "options are split one way");
}

}  // namespace
}  // namespace highwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::fuzz;
  const auto bytes = text_of(data, size);
  std::size_t used = 0;
  const auto packet = highwater::wire::read_startup(bytes, used);
  check_packet(bytes, packet, used);
  for (const auto& parts : arrivals(bytes)) check_prefix(parts.front(), bytes, used);
  check_options(bytes);
  return 0;
}
