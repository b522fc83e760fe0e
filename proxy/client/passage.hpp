#pragma once

// Leads one batch, or one login, to a server connection that may serve it: waits for the nodes' news, in the pool's
// queue, for a proof and for settings, as approach says. The doing half of that.

#include <cstdint>
#include <memory>

#include "proxy/client/approach.hpp"
#include "proxy/client/context.hpp"
#include "proxy/client/node_wait.hpp"
#include "proxy/io/timer_queue.hpp"
#include "proxy/server/pool.hpp"

namespace highwater::proxy {

struct conversation;

class passage final : lease_waiter {
public:
  // Whose way it is, and who has the connection at its end. Told from within begin() and again(), or later.
  class traveller : public lease_holder {
  public:
    virtual void arrived() = 0;  // the connection is leased, proved and in the session's state
    virtual void turned_away(const wire::error& why) = 0;
    virtual void go_on() = 0;  // behind an event of the way's own, in which either may have happened
    virtual std::shared_ptr<void> alive() = 0;

  protected:
    ~traveller() = default;
  };

  // All of them outlive it.
  passage(conversation& whose, traveller& who, attempt& deciding);

  // From where the session stands, without a lease.
  void begin(const attempt::subject& what);
  // What there was on the way is of no use any more.
  void again();
  // Nothing of the session's has got to the server, and shall not: what there is of a way is given up.
  void turn_back();
  // ... because the session ends.
  void abandon() noexcept;

  // Events, besides those of lease_waiter.
  void view_changed();
  void settings_applied(const wire::error* failed);
  // The connection is no more; that has been said to the exchange.
  void lost();

  bool waits_for_view() const noexcept { return view_place_.is_linked() && !held_; }
  bool waits() const noexcept { return deadline_.number != 0 || held_; }
  // Where it leads to at the moment.
  routing::node_index node() const noexcept;
  // What is known of the nodes, for whoever decides now.
  attempt::circumstances circumstances();

private:
  void on_lease(server_connection& connection) override;
  void on_lease_failed(const wire::error& why) override;
  settings_ptr wanted_settings() const override;
  std::uint64_t wanted_last_write() const override;

  void follow(const approach::step& next, const wire::error* said = nullptr);
  void follow_and_go_on(const approach::step& next, const wire::error* said = nullptr);
  void note_decision();
  void await_view(routing::instant deadline);
  void await_view_until(routing::instant deadline);
  void stop_waiting(bool reached);
  void queue(routing::instant deadline);
  void hold();
  void let_go();
  void queued_too_long(pool& where);
  void note_queued(routing::node_index node);
  void settle_connection();
  void connection_settled();
  bool keep_what_was_told();
  wire::error why_refused(approach::refusal why, const wire::error* said);
  wire::error why_queued_too_long() const;

  conversation& talk_;
  traveller& who_;
  attempt& attempt_;
  approach approach_;
  waiting_place view_place_;  // among those who wait for a view
  node_wait waiting_;
  bool held_ = false;  // its database is paused, and this is its place among those who wait for the end of that
  timer_queue::ticket deadline_;
  routing::instant queued_since_ = routing::never;
  std::uint64_t seen_ = 0;  // version of the view that was looked at last
};

}  // namespace highwater::proxy
