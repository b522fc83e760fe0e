#pragma once

// A client that has connected and has not shown yet who it is: reads its startup packet, has it authenticate, and hands
// it over; or passes its cancel request on. It may take `timeouts.login` for that, and is the first to go where too
// many are at the door.

#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/auth/secret_answer.hpp"
#include "proxy/client/client_address.hpp"
#include "proxy/client/login.hpp"
#include "proxy/client/newcomer.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/io/timer_queue.hpp"
#include "proxy/server/encryption.hpp"
#include "proxy/wire/errors.hpp"

namespace highwater::proxy {

class worker_context;

// Ends with the worker's hold of it, which it is told to give up: see worker_context::arrival_over.
class arrival final
    : public std::enable_shared_from_this<arrival>,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>,
      stream::listener {
public:
  arrival(worker_context& worker, accepted_client from);

  // On this worker's thread.
  void start();
  void end() noexcept;
  void kill(const wire::error& why);
  bool operates() const noexcept { return operates_; }

private:
  void on_readable() override;
  void on_drained() override {}
  bool may_read() const noexcept;
  void process();
  bool take_announcement();
  bool hang_up_on_balancer(std::string_view why);  // false
  // False: nothing more can be taken now.
  bool act(login::step step, std::string& out);
  void encrypt();
  void look_up();
  void looked_up(const auth::secret_answer& answer);
  void verify();
  void ask_elsewhere();
  void answered(const auth::verdict& how);
  void go_on(const std::function<login::step(login&, std::string&)>& with);
  void enter();
  std::optional<console::access> may_operate() const;
  bool wants_console() const;
  void gone();
  void ask_to_cancel();
  void hand_over();
  void refused(std::string answer);
  void make_room();
  wire::error full() const;
  void fail(const wire::error& why);
  void known_now() noexcept;

  worker_context& worker_;
  client_address address_;
  stream socket_;
  std::shared_ptr<const encryption> encryption_;  // as it was when it came
  login login_;
  std::string input_;
  timer_queue::ticket deadline_;
  std::optional<std::uint64_t> stamp_;  // of the secret that was looked up
  client_counts::place_ptr counted_;    // it is let in
  bool announced_;                      // a load balancer has yet to say whose connection it is
  bool operates_;                       // it has come by the operators' own socket
  bool certificate_shown_ = false;
  bool unknown_ = false;    // counts among those who have not shown who they are
  bool busy_ = false;       // with what keeps it from taking more
  bool held_back_ = false;  // it has failed to log in, and is yet to be told
  bool over_ = false;
};

// Counted, and told in the log; there with a remark, if there is one.
void note_failed_login(worker_context& worker, const client_address& from, std::string_view user,
                       std::string_view database, const wire::error& why, std::string_view remark = {});

}  // namespace highwater::proxy
