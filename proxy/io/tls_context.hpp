#pragma once

// What the TLS connections of one side have in common: certificate and key, whose certificates are believed, and how
// strict to be. Made from files, and never changed: who renews a certificate makes a new one, and connections that are
// there go on with the one they began with. Any thread may use it.

#include <memory>
#include <stdexcept>
#include <string>

struct ssl_ctx_st;

namespace highwater::proxy {

// Something is wrong with a file; what() says with which, and why.
struct tls_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// PEM files; empty: none.
struct tls_files {
  std::string certificate;  // with the chain behind it
  std::string key;
  std::string authorities;  // whose certificates are believed
};

enum class tls_check : unsigned char {
  none,      // the peer may be anybody
  if_given,  // a certificate has to be good, if it has one
  required,  // it needs one
};

class tls_context;
using tls_context_ptr = std::shared_ptr<const tls_context>;

class tls_context {
public:
  // Either throws tls_error.
  static tls_context_ptr for_clients(const tls_files& files, tls_check of_clients);
  static tls_context_ptr for_servers(const tls_files& files, tls_check of_servers);

  ssl_ctx_st* native() const noexcept { return native_.get(); }
  bool accepts() const noexcept { return accepts_; }
  // Of the certificate, for channel binding of the type tls-server-end-point (RFC 5929); empty if there is none.
  const std::string& certificate_hash() const noexcept { return certificate_hash_; }

private:
  explicit tls_context(bool accepts);
  void be_strict();
  void speak_postgresql();
  void load(const tls_files& files);
  void load_key(const std::string& file);
  void check(tls_check peers);

  struct free_context {
    void operator()(ssl_ctx_st* which) const noexcept;
  };
  bool accepts_;
  std::unique_ptr<ssl_ctx_st, free_context> native_;
  std::string certificate_hash_;
};

}  // namespace highwater::proxy
