#pragma once

// Which transactions a server took for ended at one moment, as txid_current_snapshot() prints it: "xmin:xmax:id,id".

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace highwater::proxy {

using transaction_id = std::uint64_t;  // with its epoch, as txid_current() counts: never comes round

struct transaction_snapshot {
  transaction_id xmax = 0;              // nothing from here on has ended; 0: no snapshot
  std::vector<transaction_id> running;  // what is below it and has not ended, in order; empty on a replica

  bool has_ended(transaction_id id) const noexcept;
};

std::optional<transaction_snapshot> parse_snapshot(std::string_view text);

// "id,id", in any order; sorted afterwards. An empty text is an empty list.
std::optional<std::vector<transaction_id>> parse_ids(std::string_view text);

// The server cuts ids to 32 bits where it lists sessions. No id that is in use is further than 2^31 from another.
transaction_id with_epoch(std::uint32_t id, transaction_id near) noexcept;

}  // namespace highwater::proxy
