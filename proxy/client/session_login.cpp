#include "proxy/client/session.hpp"

namespace highwater::proxy {

// What remains is to learn from a server what it would have said at login, with the client's settings.
void session::start(newcomer& who) {
  const auto alive = shared_from_this();
  auto& now = work();
  talk_.client.connected = std::chrono::steady_clock::now();
  if (const auto why = take_login(talk_, who)) return fatal(*why);
  if (const auto known = known_welcome(talk_)) return welcome(known);
  now.attempt.begin(std::chrono::steady_clock::now(), talk_.kind->allowed().pool.queue_timeout);
  start_plan();
  settle();
}

void session::welcome(const parameters_ptr& parameters) {
  auto& cancels = talk_.worker.shared.cancels;
  const auto secret = talk_.worker.cancel_secret(wire::cancel_secret_size(talk_.client.minor));
  const bool backend = talk_.leased() && talk_.under_way().held.pins.any();
  const auto key =
      backend ? cancels.add_as(talk_.server().key().process, secret, cancelling()) : cancels.add(secret, cancelling());
  send_welcome(talk_, parameters, key);
  process();
  settle();
}

// How other threads ask for it.
cancel_registry::cancel_function session::cancelling() {
  return [&loop = talk_.worker.loop, weak = weak_from_this()](cancel_registry::over_function over) {
    loop.post([weak, over = std::move(over)]() mutable {
      const auto self = weak.lock();
      self ? self->cancel(std::move(over)) : over();
    });
  };
}

}  // namespace highwater::proxy
