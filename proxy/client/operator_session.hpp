#pragma once

// An operator's connection to the console, from the end of its login on. It needs no server and is no client: it comes
// in where clients are turned away, and stays until the process ends.

#include <memory>
#include <string>

#include "proxy/client/cancel_registry.hpp"
#include "proxy/client/looked_up_users.hpp"
#include "proxy/client/newcomer.hpp"
#include "proxy/console/exchange.hpp"
#include "proxy/io/stream.hpp"

namespace highwater::proxy {

class worker_context;

class operator_session final : public std::enable_shared_from_this<operator_session>, stream::listener {
public:
  operator_session(worker_context& worker, newcomer who);

  // On this worker's thread.
  void start();
  void kill(const wire::error& why);
  void user_revoked(const auth::revoked_user& who);

private:
  void on_readable() override;
  void on_drained() override;
  void process();
  void run();
  void told(console::outcome how);
  void cancel();
  bool has_room() const noexcept;
  void await_more();
  void end() noexcept;

  worker_context& worker_;
  stream socket_;
  std::string input_;
  looked_up_users::place_ptr place_;  // none if the configuration knows the user
  console::exchange exchange_;
  std::uint8_t minor_;
  std::uint64_t identity_ = 0;   // among those who can be cancelled
  std::shared_ptr<int> asking_;  // as long as the answer to a command is waited for
  bool over_ = false;
};

}  // namespace highwater::proxy
