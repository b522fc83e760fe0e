#pragma once

// A TCP connection on an event loop, with TLS or without: the owner is told when the socket can be read, and reads into
// whatever memory it likes, so that an idle connection holds no buffer. Writes go to the socket at once; what the
// kernel does not take is kept and sent when it does. Belongs to one thread.

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/io/event_loop.hpp"
#include "proxy/io/tls_engine.hpp"
#include "proxy/io/unique_socket.hpp"

namespace highwater::proxy {

// A connection that no event loop watches.
struct transport {
  transport() noexcept = default;
  transport(unique_socket from, std::unique_ptr<tls_engine> with = {}) noexcept
      : socket(std::move(from)), tls(std::move(with)) {}

  unique_socket socket;
  std::unique_ptr<tls_engine> tls;  // null: in clear text
};

class stream {
public:
  // Who is told. Calls come from the event loop, never from within a call to the stream.
  class listener {
  public:
    virtual void on_readable() = 0;
    virtual void on_drained() = 0;  // everything that was kept has been sent, or the connection broke
  protected:
    ~listener() = default;
  };

  enum class read_status : unsigned char { data, would_block, closed };
  struct read_result {
    read_status status = read_status::would_block;
    std::size_t size = 0;
  };

  stream() noexcept;
  stream(event_loop& loop, transport connected, listener& owner);
  stream(stream&& other) noexcept;
  stream& operator=(stream&& other) noexcept;
  ~stream();

  // Whom it belongs to from now on, on the same event loop.
  void tell(listener& owner) noexcept;

  bool is_open() const noexcept { return core_ != nullptr; }
  read_result read(char* to, std::size_t size);

  // Asks for one call of on_readable when there is something to read, or the peer has closed.
  void await_readable();

  // Sends, or keeps for later. After an error nothing is sent any more, and the next read says `closed`.
  void write(std::string_view bytes);
  std::size_t pending() const noexcept;

  void close() noexcept;
  // Closes when what is pending has been sent, without telling the owner any more.
  void close_when_drained();
  // From here on it speaks TLS; `came` is what has been read of that already. A handshake that fails is an end of the
  // connection like others: tls()->why() has the reason.
  void encrypt(std::unique_ptr<tls_engine> with, std::string_view came = {});
  const tls_engine* tls() const noexcept;  // null: in clear text

  // Gives the connection away, for another thread's event loop. Nothing may be pending.
  transport release() noexcept;
  // Address and port of the other side, for people; "?" if it has gone.
  std::string peer() const;
  // Host and port of our own side; ("unix", 0) of a Unix-domain socket, ("", 0) if it has gone.
  std::pair<std::string, std::uint16_t> local() const;
  // The bytes of its IP address; empty if it has none, or has gone.
  std::string peer_address() const;

private:
  class core;
  using core_ptr = boost::intrusive_ptr<core>;

  core_ptr core_;
};

}  // namespace highwater::proxy
