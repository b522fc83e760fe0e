#include "proxy/client/stall_watch.hpp"

#include <utility>

namespace highwater::proxy {

void stall_watch::begin(clock now, clock::duration patience, std::function<void()> stopped) {
  if (watches()) return;
  heard_ = now;
  wait(patience, std::move(stopped));
}

// Heard since it was set: it is set again, and not each time that something is heard.
void stall_watch::wait(clock::duration patience, std::function<void()> stopped) {
  const auto until = heard_ + patience;
  ticket_ = timers_.schedule(until, [this, patience, until, stopped = std::move(stopped)]() mutable {
    ticket_ = {};
    heard_ + patience > until ? wait(patience, std::move(stopped)) : stopped();
  });
}

}  // namespace highwater::proxy
