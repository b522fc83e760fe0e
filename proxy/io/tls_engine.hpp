#pragma once

// One connection's TLS, sans-io: what has come over the socket in, what its owner shall read and what is to be sent
// out. The handshake is part of that: what is written before it is over goes out behind it. Moves with its connection
// from thread to thread.

#include <memory>
#include <string>
#include <string_view>

#include "proxy/io/tls_context.hpp"

struct ssl_st;

namespace highwater::proxy {

class tls_engine {
public:
  struct options {
    // Of a server: the name that its certificate has to be about, and that it is asked for. Empty: any.
    std::string host{};
    bool checks_host = false;
    // Of a client: it has to say that it wants to speak PostgreSQL (ALPN), as one that does not begin with an
    // SSLRequest.
    bool demands_protocol = false;
  };
  tls_engine(tls_context_ptr context, const options& how);
  ~tls_engine();
  tls_engine(const tls_engine&) = delete;
  tls_engine& operator=(const tls_engine&) = delete;

  enum class status : unsigned char { open, closed, failed };
  struct taken {
    std::size_t size = 0;  // of what is in `to`
    status what = status::open;
  };
  // Takes all of `cipher`; what finds no place in `to` is kept: see has_more(). Appends to `out` what is to be sent.
  taken read(std::string_view cipher, char* to, std::size_t size, std::string& out);
  bool has_more() const noexcept;
  // Appends the records to `out`.
  void write(std::string_view plain, std::string& out);
  // Nothing will be written any more.
  void close(std::string& out);

  bool established() const noexcept { return established_; }
  // Why it has failed, for people.
  const std::string& why() const noexcept { return why_; }

  // Of an established connection.
  const tls_context& context() const noexcept { return *context_; }
  bool has_peer_certificate() const noexcept;
  std::string peer_common_name() const;
  std::string peer_distinguished_name() const;
  std::string peer_certificate_hash() const;  // for channel binding, where the peer is the server
  std::string_view version() const noexcept;  // "TLSv1.3"
  std::string_view cipher() const noexcept;

private:
  friend struct tls_bytes;  // how OpenSSL reads and writes

  void ask_for_host(const options& how);
  bool establish();
  void fail();
  taken judge(int returned, std::size_t size);

  struct free_connection {
    void operator()(ssl_st* which) const noexcept;
  };
  tls_context_ptr context_;
  std::unique_ptr<ssl_st, free_connection> native_;
  std::string_view in_;         // while it is read from
  std::string* out_ = nullptr;  // while it is written to
  std::string kept_;            // has come, and not been looked at
  std::string early_;           // was written before the handshake was over
  std::string why_;
  bool established_ = false;
  bool failed_ = false;
  bool ended_ = false;  // the peer has said so
  bool demands_protocol_ = false;
};

}  // namespace highwater::proxy
