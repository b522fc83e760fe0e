#include "proxy/console/session_settings.hpp"

#include <algorithm>

#include "proxy/console/words.hpp"

namespace highwater::console {

namespace {

constexpr column text(std::string_view name) noexcept {
  return {name, column_type::text};
}

constexpr bool reported = true, fixed = false;

// In PostgreSQL's spelling. What is reported comes in the order in which it is sent.
constexpr session_setting settings[] = {
    {text("server_version"), "", reported, fixed},
    {text("client_encoding"), "UTF8", reported},
    {text("server_encoding"), "UTF8", reported, fixed},
    {text("DateStyle"), "ISO, MDY", reported},
    {text("TimeZone"), "GMT", reported, true, "time zone"},
    {text("IntervalStyle"), "postgres", reported},
    {text("standard_conforming_strings"), "on", reported},
    {text("integer_datetimes"), "on", reported, fixed},
    {text("is_superuser"), "", reported, fixed},
    {text("session_authorization"), "", reported, fixed, "session authorization"},
    {text("in_hot_standby"), "off", reported, fixed},
    {text("default_transaction_read_only"), "off", reported},
    {text("application_name"), ""},
    {text("bytea_output"), "hex"},
    {text("client_min_messages"), "notice"},
    {text("default_transaction_isolation"), "read committed"},
    {text("extra_float_digits"), "1"},
    {text("idle_in_transaction_session_timeout"), "0"},
    {text("lock_timeout"), "0"},
    {text("max_identifier_length"), "63", false, fixed},
    {text("row_security"), "on"},
    {text("search_path"), "\"$user\", public"},
    {text("statement_timeout"), "0"},
    {text("transaction_isolation"), "read committed", false, true, "transaction isolation level"},
    {text("transaction_read_only"), "off"},
};

}  // namespace

std::span<const session_setting> session_settings() noexcept {
  return settings;
}

const session_setting* find_setting(std::string_view name) noexcept {
  const auto* const found = std::ranges::find_if(settings, [&](const auto& each) {
    return same_keyword(each.shown.name, name) || (!each.words.empty() && same_keyword(each.words, name));
  });
  return found == std::end(settings) ? nullptr : found;
}

}  // namespace highwater::console
