#pragma once

// What OpenSSL knows, in words and bytes of ours.

#include <string>

struct ssl_st;
struct x509_st;

namespace highwater::proxy {

// Why the last operation of this thread has failed. Clears what OpenSSL remembers of it.
std::string tls_reason();
// ... and if it was the peer's certificate, what is wrong with that.
std::string tls_reason(const ssl_st* connection);

// The hash of a certificate that channel binding goes by (RFC 5929 section 4.1): with the hash function of its
// signature, but SHA-256 in the place of weaker ones. Empty where the signature has none, as with Ed25519.
std::string end_point_hash(const x509_st* certificate);
// Of its subject: the common name, and the whole (RFC 2253). Empty if there is none, or if it holds a NUL.
std::string common_name(const x509_st* certificate);
std::string distinguished_name(const x509_st* certificate);

}  // namespace highwater::proxy
