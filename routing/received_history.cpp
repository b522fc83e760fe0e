#include "routing/received_history.hpp"

#include <utility>

namespace highwater::routing {

void received_history::record(incarnation_id life, instant sent, lsn received) {
  if (life_ != life) {
    if (!answers_.empty()) before_ = {life_, answers_.newest()};
    answers_.clear();
    life_ = life;
  }
  answers_.record(sent, received);
}

std::optional<lsn> received_history::covering(incarnation_id life, instant when) const noexcept {
  if (life == life_) return answers_.covering(when);
  if (life != before_.life || when > before_.last.sent) return std::nullopt;
  return before_.last.at;
}

}  // namespace highwater::routing
