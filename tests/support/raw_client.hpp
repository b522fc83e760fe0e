#pragma once

// A client that speaks the protocol byte by byte and says things that libpq would not. It shares nothing with the
// proxy's own wire code, so that it does not share its errors either.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/deadline.hpp"
#include "tests/support/raw_messages.hpp"

namespace highwater::testing_support::raw {

class client {
public:
  // `host`: 127.0.0.1 or ::1. Throws std::runtime_error if refused.
  explicit client(std::uint16_t port, const std::string& host = "127.0.0.1");
  ~client();
  client(client&& other) noexcept;
  client& operator=(client&&) = delete;

  int socket() const { return socket_; }
  void send(std::string_view bytes) const;
  void finish_sending() const;  // half-closes
  void reset();                 // closes with RST

  // All of these throw if nothing comes in time; none means that the peer closed the connection.
  std::optional<char> read_byte(milliseconds limit = patience);
  std::optional<message> read_message(milliseconds limit = patience);
  message expect(char type, milliseconds limit = patience);                   // throws if the next message is another
  std::vector<message> read_until(char type, milliseconds limit = patience);  // inclusive
  std::vector<message> read_until_ready() { return read_until('Z'); }
  bool silent_for(milliseconds time);                 // nothing came, and the connection still stands
  bool closed_within(milliseconds limit = patience);  // discards what comes before

  // The startup packet, and all up to the first ReadyForQuery. Trust authentication only.
  std::vector<message> log_in(const std::string& user = "postgres", const std::string& database = "postgres",
                              const std::vector<std::pair<std::string, std::string>>& parameters = {},
                              std::uint32_t version = protocol_3_0);
  std::vector<message> query(std::string_view sql);  // Query, and all up to ReadyForQuery
  std::uint32_t backend_pid() const { return backend_pid_; }
  const std::string& cancel_key() const { return cancel_key_; }

private:
  bool fill(deadline end);  // false: closed

  int socket_ = -1;
  std::string unread_;
  std::uint32_t backend_pid_ = 0;
  std::string cancel_key_;
};

}  // namespace highwater::testing_support::raw
