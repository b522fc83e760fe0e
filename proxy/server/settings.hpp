#pragma once

// Session settings (GUCs) that follow a session to every server connection that it uses. Snapshots are immutable and
// shared, so that a connection's state and a session's wish compare by pointer in the usual case.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace highwater::proxy {

// Sorted by name (lower case), without duplicates. Values as set_config() takes and current_setting() gives them, in
// the client_encoding that is among them, or in the server's default.
using session_settings = std::vector<std::pair<std::string, std::string>>;
using settings_ptr = std::shared_ptr<const session_settings>;

settings_ptr no_settings();
// Of the same content, so that there are few snapshots; one thread's.
class settings_interner {
public:
  settings_ptr intern(session_settings value);

private:
  std::unordered_multimap<std::size_t, std::weak_ptr<const session_settings>> known_;  // by their hash
  std::size_t sweep_at_ = 64;
};

void put(session_settings& in, std::string_view name, std::string_view value);
void unset(session_settings& in, std::string_view name);
std::optional<std::string_view> find(const session_settings& in, std::string_view name) noexcept;

// What it takes to keep them, in bytes of names and values.
std::size_t size_of(const session_settings& all) noexcept;
bool is_ascii(std::string_view text) noexcept;
bool same(const settings_ptr& a, const settings_ptr& b) noexcept;

// The statements that bring a connection from one state to the other; empty if there is nothing to do.
// Without those that have no bearing on how a server analyses a statement.
session_settings for_analysis(const session_settings& all);

std::string transition_sql(const session_settings& from, const session_settings& to);

// A query of one row that tells what the named settings are now, NULL for those that do not exist.
std::string inquiry_sql(const std::vector<std::string>& names);

// Do texts mean what they seem to, byte by byte? The verdicts on them hold for standard strings, and for encodings in
// which no byte of a longer character looks like ASCII. What is not named has PostgreSQL's own default.
bool text_is_plain(const session_settings& of);

// Who one is: role and session_authorization. RESET ALL leaves them alone.
bool is_identity(std::string_view name) noexcept;

std::string quote_literal(std::string_view text);
std::string quote_identifier(std::string_view name);

}  // namespace highwater::proxy
