#include "proxy/client/losses.hpp"

#include <algorithm>
#include <utility>

#include "proxy/client/conversation.hpp"
#include "proxy/client/lease.hpp"
#include "proxy/client/reception.hpp"

namespace highwater::proxy {

loss at_stake(const conversation& talk, bool inquires) {
  const auto& exchange = talk.under_way();
  return {talk.node_name(talk.server().node()), exchange.bound() || inquires, exchange.outcome_unknown()};
}

bool note_unknown_writes(conversation& talk) {
  const auto& flights = talk.under_way().flights;
  const bool writes = std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.writes; }) ||
                      talk.under_way().streaming;
  if (!writes) return false;
  const auto moment = std::chrono::steady_clock::now();
  tell_of_ddl(talk);
  talk.client.floors.written.raise(moment);
  talk.worker.shared.domain.told_of_write(moment);
  return true;
}

std::optional<wire::error> tell_of_loss(conversation& talk, const loss& what, const wire::error& said) {
  auto why = told_of(what, said);
  if (what.bound) return why;
  std::string out;
  answer_lost(talk.under_way(), talk.client, why, out);
  if (talk.under_way().schema_change_over()) schema_has_changed(talk);
  talk.write(out);
  return std::nullopt;
}

bool on_deposed_node(conversation& talk) {
  if (!talk.leased() || talk.under_way().held.on_replica) return false;
  return talk.worker.view().has_deposed(talk.server().node());
}

wire::error leave_deposed_node(conversation& talk) {
  const auto name = talk.node_name(talk.server().node());
  const bool unknown = note_unknown_writes(talk);
  drop_lease(talk);
  return deposed({name, true, unknown});
}

}  // namespace highwater::proxy
