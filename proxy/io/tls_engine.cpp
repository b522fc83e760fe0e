#include "proxy/io/tls_engine.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "proxy/io/tls_text.hpp"

namespace highwater::proxy {

// OpenSSL's way to our bytes. Writing never has to wait, and reading only for more to come.
struct tls_bytes {
  static tls_engine& engine(BIO* of) noexcept { return *static_cast<tls_engine*>(BIO_get_data(of)); }

  static int write(BIO* to, const char* bytes, int size) {
    BIO_clear_retry_flags(to);
    auto* const out = engine(to).out_;
    if (out == nullptr) return -1;
    // Nothing may be thrown through OpenSSL.
    try {
      out->append(bytes, static_cast<std::size_t>(size));
    } catch (const std::bad_alloc&) {
      return -1;
    }
    return size;
  }
  static int read(BIO* from, char* to, int size) {
    BIO_clear_retry_flags(from);
    auto& in = engine(from).in_;
    if (in.empty()) {
      BIO_set_retry_read(from);
      return -1;
    }
    const auto some = std::min(in.size(), static_cast<std::size_t>(size));
    std::memcpy(to, in.data(), some);
    in.remove_prefix(some);
    return static_cast<int>(some);
  }
  static long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static const auto* const made = [] {
      auto* const fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "highwater");
      BIO_meth_set_write(fresh, write);
      BIO_meth_set_read(fresh, read);
      BIO_meth_set_ctrl(fresh, control);
      return fresh;
    }();
    return made;
  }
};

void tls_engine::free_connection::operator()(ssl_st* which) const noexcept {
  SSL_free(which);
}

tls_engine::tls_engine(tls_context_ptr context, const options& how)
    : context_(std::move(context)), native_(SSL_new(context_->native())), demands_protocol_(how.demands_protocol) {
  auto* const bytes = BIO_new(tls_bytes::method());
  if (!native_ || bytes == nullptr) throw std::bad_alloc();
  BIO_set_data(bytes, this);
  BIO_set_init(bytes, 1);
  SSL_set_bio(native_.get(), bytes, bytes);
  if (context_->accepts()) {
    SSL_set_accept_state(native_.get());
  } else {
    SSL_set_connect_state(native_.get());
    ask_for_host(how);
  }
}

tls_engine::~tls_engine() = default;

// A name of an address is not sent (RFC 6066): it is compared with the addresses that the certificate lists.
void tls_engine::ask_for_host(const options& how) {
  if (how.host.empty()) return;
  auto* const wanted = SSL_get0_param(native_.get());
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(wanted, how.host.c_str()) == 1;
  bool done = is_address || SSL_set_tlsext_host_name(native_.get(), how.host.c_str()) == 1;
  if (!how.checks_host) {
    if (is_address) X509_VERIFY_PARAM_set1_ip(wanted, nullptr, 0);
  } else if (!is_address) {
    SSL_set_hostflags(native_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    done = done && SSL_set1_host(native_.get(), how.host.c_str()) == 1;
  }
  if (!done) throw std::bad_alloc();
}

tls_engine::taken tls_engine::read(std::string_view cipher, char* to, std::size_t size, std::string& out) {
  if (failed_ || ended_) return {0, failed_ ? status::failed : status::closed};
  ERR_clear_error();
  if (!kept_.empty()) kept_.append(cipher);
  const auto before = std::exchange(kept_, {});
  in_ = before.empty() ? cipher : std::string_view(before);
  out_ = &out;
  std::size_t done = 0;
  int returned = 1;
  if (establish()) {
    while (done < size && returned > 0) {
      std::size_t some = 0;
      returned = SSL_read_ex(native_.get(), to + done, size - done, &some);
      done += some;
    }
  } else {
    returned = -1;
  }
  kept_.assign(in_);
  in_ = {};
  const auto result = returned > 0 ? taken{done, status::open} : judge(returned, done);
  out_ = nullptr;
  return result;
}

// What was read before the end is its owner's first: it hears of that when it reads on.
tls_engine::taken tls_engine::judge(int returned, std::size_t size) {
  const auto error = failed_ ? SSL_ERROR_SSL : SSL_get_error(native_.get(), returned);
  if (error == SSL_ERROR_WANT_READ) return {size, status::open};
  ended_ = error == SSL_ERROR_ZERO_RETURN;
  if (!ended_) fail();
  if (size > 0) return {size, status::open};
  return {0, ended_ ? status::closed : status::failed};
}

void tls_engine::fail() {
  failed_ = true;
  if (why_.empty()) why_ = tls_reason(native_.get());
}

// False: more has to come first, or it has failed.
bool tls_engine::establish() {
  if (established_) return true;
  if (SSL_do_handshake(native_.get()) != 1) return false;
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(native_.get(), &protocol, &length);
  if (demands_protocol_ && length == 0) {
    why_ = "received direct SSL connection request without ALPN protocol negotiation extension";
    failed_ = true;
    return false;
  }
  established_ = true;
  if (!early_.empty()) write(std::exchange(early_, {}), *out_);
  return true;
}

// A part of a record waits for the rest, and is nothing to read.
bool tls_engine::has_more() const noexcept {
  return failed_ || ended_ || !kept_.empty() || SSL_pending(native_.get()) > 0;
}

void tls_engine::write(std::string_view plain, std::string& out) {
  if (failed_ || plain.empty()) return;
  if (!established_) {
    early_.append(plain);
    return;
  }
  ERR_clear_error();
  auto* const outer = std::exchange(out_, &out);
  std::size_t done = 0;
  if (SSL_write_ex(native_.get(), plain.data(), plain.size(), &done) != 1) fail();
  out_ = outer;
}

void tls_engine::close(std::string& out) {
  if (failed_ || !established_) return;
  ERR_clear_error();
  auto* const outer = std::exchange(out_, &out);
  SSL_shutdown(native_.get());
  out_ = outer;
}

namespace {

struct free_certificate {
  void operator()(X509* which) const noexcept { X509_free(which); }
};
using certificate = std::unique_ptr<X509, free_certificate>;

certificate peer_of(const ssl_st* connection) {
  return certificate(SSL_get1_peer_certificate(connection));
}

}  // namespace

bool tls_engine::has_peer_certificate() const noexcept {
  return SSL_get0_peer_certificate(native_.get()) != nullptr && SSL_get_verify_result(native_.get()) == X509_V_OK;
}

std::string tls_engine::peer_common_name() const {
  return common_name(peer_of(native_.get()).get());
}

std::string tls_engine::peer_distinguished_name() const {
  return distinguished_name(peer_of(native_.get()).get());
}

std::string tls_engine::peer_certificate_hash() const {
  return end_point_hash(peer_of(native_.get()).get());
}

std::string_view tls_engine::version() const noexcept {
  return SSL_get_version(native_.get());
}

std::string_view tls_engine::cipher() const noexcept {
  return SSL_get_cipher_name(native_.get());
}

}  // namespace highwater::proxy
