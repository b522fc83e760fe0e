#include "proxy/io/tls_context.hpp"

#include <openssl/ssl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "proxy/io/tls_text.hpp"

namespace highwater::proxy {

namespace {

constexpr unsigned char protocol[] = "\012postgresql";  // ALPN: a length, and the name
constexpr unsigned protocol_size = sizeof protocol - 1;

// Old clients of asynchronous drivers hang over longer records.
constexpr long longest_record = 8192;

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, size, protocol, protocol_size, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// A key that asks for a passphrase would have the process wait for somebody to type it.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

[[noreturn]] void fail(std::string_view what, const std::string& file, const std::string& why) {
  throw tls_error("could not load " + std::string(what) + " \"" + file + "\": " + why);
}

// As PostgreSQL: the owner alone, or root and a group.
void check_permissions(const std::string& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) fail("private key file", file, std::strerror(errno));
  const mode_t others = found.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  if ((found.st_mode & others) != 0)
    fail("private key file", file,
         "others can read it; its permissions have to be 0600, or 0640 if it belongs to root");
}

}  // namespace

void tls_context::free_context::operator()(ssl_ctx_st* which) const noexcept {
  SSL_CTX_free(which);
}

tls_context::tls_context(bool accepts)
    : accepts_(accepts), native_(SSL_CTX_new(accepts ? TLS_server_method() : TLS_client_method())) {
  if (!native_) throw tls_error("could not begin with TLS: " + tls_reason());
  be_strict();
  speak_postgresql();
}

// TLS 1.2 is the least; nothing is negotiated anew, resumed or compressed. Buffers are given back while nothing is
// under way: most connections are idle.
void tls_context::be_strict() {
  auto* const context = native_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_send_fragment(context, longest_record);
  SSL_CTX_set_cipher_list(context, "HIGH:!aNULL:!eNULL");
  SSL_CTX_set_dh_auto(context, 1);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
}

void tls_context::speak_postgresql() {
  if (accepts_) {
    SSL_CTX_set_alpn_select_cb(native_.get(), choose_protocol, nullptr);
  } else {
    SSL_CTX_set_alpn_protos(native_.get(), protocol, protocol_size);
  }
}

void tls_context::load(const tls_files& files) {
  auto* const context = native_.get();
  if (!files.certificate.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
      fail("certificate file", files.certificate, tls_reason());
    certificate_hash_ = end_point_hash(SSL_CTX_get0_certificate(context));
    load_key(files.key);
  }
  if (files.authorities.empty()) return;
  if (SSL_CTX_load_verify_file(context, files.authorities.c_str()) != 1)
    fail("root certificate file", files.authorities, tls_reason());
  // So that a client with several certificates knows which one to send.
  if (accepts_) SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.authorities.c_str()));
}

void tls_context::load_key(const std::string& file) {
  check_permissions(file);
  if (SSL_CTX_use_PrivateKey_file(native_.get(), file.c_str(), SSL_FILETYPE_PEM) != 1)
    fail("private key file", file, tls_reason());
  if (SSL_CTX_check_private_key(native_.get()) != 1) fail("private key file", file, "it is not the certificate's");
}

void tls_context::check(tls_check peers) {
  int how = SSL_VERIFY_NONE;
  if (peers != tls_check::none) how |= SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;
  if (peers == tls_check::required) how |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(native_.get(), how, nullptr);
}

tls_context_ptr tls_context::for_clients(const tls_files& files, tls_check of_clients) {
  const std::shared_ptr<tls_context> made(new tls_context(true));
  made->load(files);
  made->check(of_clients);
  return made;
}

tls_context_ptr tls_context::for_servers(const tls_files& files, tls_check of_servers) {
  const std::shared_ptr<tls_context> made(new tls_context(false));
  made->load(files);
  made->check(of_servers);
  return made;
}

}  // namespace highwater::proxy
