#pragma once

// Prepares a password for hashing (RFC 4013), as far as that can be done without Unicode's normalisation tables:
//   - ASCII passes unchanged;
//   - what is not UTF-8, and what RFC 4013 prohibits, passes unchanged too: there PostgreSQL hashes the raw bytes;
//   - elsewhere, spaces other than U+0020 become U+0020 and invisible characters (soft hyphen, ...) vanish.
// NFKC normalisation and the check of writing direction are NOT done: a password with combining accents, ligatures or
// full-width forms must be given already normalised, or as a secret. This touches only passwords that Highwater hashes
// itself; a client that logs in with a secret prepares its own.

#include <string>
#include <string_view>

namespace highwater::auth {

std::string saslprep(std::string_view password);

}  // namespace highwater::auth
