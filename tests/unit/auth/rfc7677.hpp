#pragma once

// What the SCRAM tests share: the example of RFC 7677 section 3, and the same with channel binding, which was computed
// with another program.

#include <string>
#include <string_view>

#include "proxy/auth/scram.hpp"

namespace highwater::auth::rfc7677 {

inline constexpr std::string_view user = "user";
inline constexpr std::string_view password = "pencil";
inline constexpr std::string_view client_nonce = "rOprNGfwEbeRWgbNEkqO";
inline constexpr std::string_view server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
inline constexpr std::string_view salt = "W22ZaJ0SNY7soEsUEjb6gQ==";

inline constexpr std::string_view client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
inline constexpr std::string_view server_first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
inline constexpr std::string_view client_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
inline constexpr std::string_view server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

inline constexpr std::string_view plus_client_first = "p=tls-server-end-point,,n=user,r=rOprNGfwEbeRWgbNEkqO";
inline constexpr std::string_view plus_client_final =
    "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsgazXYhQPppKhQoItL75NxvVLyqUB9oqzflru0Lr+TZk=,"
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=PENeW0ZRP0k2JAhJJzTQl6wCR49nsIUYgRfs2eOh/Rg=";
inline constexpr std::string_view plus_server_final = "v=jajuR8gMfQCRyUaioUEgzSfToF94H11QVgmHwaAozaI=";

inline std::string certificate_hash() {
  const auto hash = sha256(as_bytes("a certificate"));
  return {hash.begin(), hash.end()};
}

inline std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string changed{text};
  return changed.replace(changed.find(what), what.size(), with);
}

inline scram_secret secret() {
  return make_secret(password, *from_base64(salt), 4096);
}

}  // namespace highwater::auth::rfc7677
