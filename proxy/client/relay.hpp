#pragma once

// A client that asks for replication, from its login to its end. It has a connection to the primary of its own, a
// walsender's, which no pool knows of; once both are there, bytes are copied either way as they come, and nobody reads
// them: what PostgreSQL says and is told there is between the two. Levels, policies and limits of statements do not
// apply. It follows the primary by ending when another one is there: what receives WAL connects anew by itself.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/allowed.hpp"
#include "proxy/client/newcomer.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/io/timer_queue.hpp"
#include "proxy/server/server_connector.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::proxy {

class worker_context;

// Ends with the worker's hold of it, which it is told to give up: see worker_context::relay_over.
class relay final : public std::enable_shared_from_this<relay> {
public:
  relay(worker_context& worker, newcomer who);
  ~relay();

  // All of it on this worker's thread.
  void start();
  void look();  // at what is known of the primary by now
  // `over` is called when nothing later can be hit any more.
  void cancel(std::function<void()> over);
  void drain();  // it would never end by itself
  void kill(const wire::error& why);
  void database_gone(const std::string& database);
  void user_revoked(const auth::revoked_user& who);

private:
  enum class stage : std::uint8_t { waiting, connecting, copying, ended };

  // One of the two connections.
  class side final : public stream::listener {
  public:
    side(relay& owner, side& towards) : other(towards), owner_(owner) {}
    void on_readable() override { owner_.on_readable(*this); }
    void on_drained() override { owner_.on_drained(); }

    class stream stream;
    side& other;

  private:
    relay& owner_;
  };

  void on_readable(side& from);
  void on_drained();
  void read_on(side& from);
  void hear_early();
  void late();
  void connect();
  void wait();
  server_login log_in() const;
  void connected(connected_server made);
  void turned_away(wire::error why);
  std::function<void(std::function<void()>)> cancelling();
  void fail(const wire::error& why);
  void close(const char* why);
  void hang_up(side& remaining);
  void end() noexcept;

  worker_context& worker_;
  newcomer who_;
  const config::server_names on_servers_;
  side client_{*this, server_};
  side server_{*this, client_};
  std::unique_ptr<server_connector> connector_;
  routing::node_index node_ = routing::no_node;  // that it is connected to, or is about to be
  std::optional<wire::error> turned_away_;       // the last that was heard of a primary
  timer_queue::ticket deadline_;
  bool late_ = false;              // it has waited as long as it may
  tcp_endpoint endpoint_;          // of the server
  std::string host_;               // its name
  node_encryption encryption_;     // how TLS is spoken with it, if it is
  wire::backend_key_message key_;  // of its backend
  std::uint64_t identity_ = 0;     // in the cancel registry; 0: not there
  stage stage_ = stage::waiting;
};

}  // namespace highwater::proxy
