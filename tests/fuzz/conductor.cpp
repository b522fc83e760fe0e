#include "tests/fuzz/conductor.hpp"

#include <poll.h>

#include <algorithm>
#include <memory>

#include "tests/fuzz/chance.hpp"

namespace highwater::fuzz {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Within it, a turn's answer comes: else its client is taken to be waiting for others.
constexpr milliseconds turn{200};

class conductor {
public:
  conductor(const std::vector<program>& programs, const endpoint& where, const score& how)
      : how_(how), luck_(how.seed) {
    for (const auto& one : programs) players_.push_back(std::make_unique<player>(one, where));
  }

  std::vector<account> perform() {
    auto heard = clock::now();
    while (!all_done()) {
      meet_if_all_are_there();
      if (auto* next = choose()) {
        next->act();
        heard = clock::now();
        if (how_.pace == pace::turns) hear_out(*next);
        listen(milliseconds(0));
        leave_if_done(*next);
      } else if (listen(milliseconds(50))) {
        heard = clock::now();
      } else if (clock::now() - heard > how_.patience) {
        for (auto& each : players_) {
          if (!each->done()) each->give_up();
        }
      }
    }
    std::vector<account> told;
    for (auto& each : players_) {
      each->leave();
      told.push_back(each->told());
    }
    return told;
  }

private:
  bool all_done() const {
    return std::all_of(players_.begin(), players_.end(), [](const auto& each) { return each->done(); });
  }

  void meet_if_all_are_there() {
    if (!std::all_of(players_.begin(), players_.end(), [](const auto& each) { return each->at_meeting(); })) return;
    for (auto& each : players_) each->meet();
  }

  player* choose() {
    std::vector<player*> able;
    for (auto& each : players_) {
      if (each->may_act()) able.push_back(each.get());
    }
    return able.empty() ? nullptr : able[luck_.below(able.size())];
  }

  void hear_out(const player& who) {
    const auto others = static_cast<std::size_t>(std::count_if(
        players_.begin(), players_.end(), [&](const auto& each) { return each.get() != &who && each->holds(); }));
    if (others >= how_.connections) return;
    const auto end = clock::now() + turn;
    while (!who.settled() && clock::now() < end) listen(milliseconds(20));
  }

  void leave_if_done(player& who) const {
    if (who.done() && !how_.stay) who.leave();
  }

  bool listen(milliseconds limit) {
    std::vector<pollfd> wanted;
    std::vector<player*> whose;
    for (auto& each : players_) {
      if (!each->listens()) continue;
      wanted.push_back({each->socket(), POLLIN, 0});
      whose.push_back(each.get());
    }
    if (::poll(wanted.data(), wanted.size(), static_cast<int>(limit.count())) <= 0) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i].revents != 0) whose[i]->read();
    }
    return true;
  }

  const score& how_;
  chance luck_;
  std::vector<std::unique_ptr<player>> players_;
};

}  // namespace

std::vector<account> play(const std::vector<program>& programs, const endpoint& where, const score& how) {
  return conductor(programs, where, how).perform();
}

}  // namespace highwater::fuzz
