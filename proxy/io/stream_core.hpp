#pragma once

// A stream's socket, and what lives on when the stream has gone with something still to be sent.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/io/stream.hpp"

namespace highwater::proxy {

class stream::core final : public event_loop::watched {
public:
  // The loop forgets a socket that is closed with the last reference to this.
  core(event_loop& loop, transport from, listener& to);

  read_result read(char* to, std::size_t size);
  void await_readable();
  void write(std::string_view bytes);
  std::size_t pending() const noexcept { return pending_.size() - sent_; }
  void close() noexcept;
  transport release() noexcept;
  void encrypt(std::unique_ptr<tls_engine> with, std::string_view came);
  void say_goodbye() noexcept;
  const tls_engine* tls() const noexcept { return tls_.get(); }
  int native() const noexcept { return socket_.get(); }
  void keep() { loop_.keep(event_loop::watched_ptr(this)); }

  listener* owner;  // null: nobody listens any more

private:
  void on_event(bool can_read, bool can_write, bool hung_up) override;
  void look_after(std::chrono::steady_clock::time_point now) override;
  read_result receive(char* to, std::size_t size) noexcept;
  read_result decrypt(std::string_view cipher, char* to, std::size_t size);
  void send(std::string_view bytes);
  std::size_t send_some(std::string_view bytes) noexcept;
  void send_pending();

  event_loop& loop_;
  unique_socket socket_;
  std::unique_ptr<tls_engine> tls_;
  std::string pending_;
  std::size_t unasked_ = 0;  // bytes that TLS has answered by itself, since the owner last got something
  std::size_t sent_ = 0;     // of pending_
  std::chrono::steady_clock::time_point alone_since_{};  // without an owner
  bool readable_ = false;                                // an edge has come, and nothing has been found empty since
  bool hung_up_ = false;                                 // the peer has closed: the last edge there is
  bool wants_read_ = false;
  bool told_ = false;  // an event of our own is on its way
  bool broken_ = false;
};

}  // namespace highwater::proxy
