#include "proxy/server/server_identity.hpp"

#include <charconv>

#include "proxy/wire/bytes.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::proxy {

namespace {

// As the monitor's: see sample.cpp.
constexpr std::string_view question =
    "SELECT (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint";

std::int64_t read_started(std::string_view row) noexcept {
  wire::reader in(row);
  in.u16();
  const auto size = in.u32();
  const auto text = in.rest().substr(0, size);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return in.ok() && error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

}  // namespace

void identity_inquiry::ask(std::string& out) {
  asked_ = true;
  wire::write_query(out, question);
}

identity_inquiry::step identity_inquiry::take(const wire::frame& message) {
  switch (message.type) {
    case wire::backend::data_row:
      started_ = read_started(message.body());
      return step::more;
    case wire::backend::error_response:
      if (const auto fields = wire::read_error(message.body())) {
        error_ = wire::as_said(*fields);
      }
      return step::more;
    case wire::backend::ready_for_query:
      if (started_ != 0) return step::done;
      if (error_.code.empty()) {
        error_ = {std::string(wire::sqlstate::connection_failure), "the server does not say when it started", "", ""};
      }
      return step::failed;
    default:
      return step::more;
  }
}

std::optional<wire::error> is_stranger(std::int64_t started, routing::instant established,
                                       const routing::node_view& known, const config::node& node) {
  if (known.sampled <= established || known.started == 0 || known.started == started) return std::nullopt;
  const auto address = node.host + ":" + std::to_string(node.port);
  return wire::error{
      std::string(wire::sqlstate::connection_failure),
      "the connection to node " + node.name + " (" + address + ") leads to another server than the monitor's",
      "The two did not start at the same time, so nothing is known of what this one shows.",
      "A name with several addresses, a virtual address or a balancer between Highwater and its nodes? Give each node "
      "an address of its own in cluster.nodes."};
}

}  // namespace highwater::proxy
