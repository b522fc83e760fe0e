#pragma once

// Writes a client's messages as a server is to see them, and notes what is to be expected for each: prepared statements
// have the servers' names, what is only the client's is answered here, and what is the proxy's own is hidden.

#include <string>
#include <string_view>

#include "proxy/client/failing_bind.hpp"
#include "proxy/client/writing.hpp"
#include "proxy/wire/frame.hpp"

namespace highwater::proxy {

class message_writer {
public:
  // Appends to `out`; what the client is to be told at once to `told`.
  message_writer(const writing& about, std::string& out, std::string& told)
      : about_(about), server_(about.server()), failing_(about), out_(out), told_(told) {}

  void write(const wire::frame& message);
  // The BEGIN that the client takes for done, if there is one; nobody sees the server's answer.
  bool write_deferred_begin();
  // Something that fails, and tells exchange::own_failure in its turn.
  void write_own_failure();
  // A Sync that the client has not sent.
  void write_hidden_sync();

private:
  struct server_text {
    std::string sql;   // empty: as it is
    std::string ends;  // the client's name that it ends, if it does
  };
  void write_query(const wire::frame& message);
  void write_parse(const wire::frame& message);
  void write_unnamed_parse(const wire::frame& message, const wire::parse_message& parse, const server_text& text);
  void write_bind(const wire::frame& message);
  void write_execute(const wire::frame& message);
  void write_target(const wire::frame& message);
  void write_unnamed_target(const wire::frame& message, bool closes);

  server_text named_text(const sql::statement& what, std::string_view sql);
  statement_id prepare_stand_in(std::string_view name, std::string_view parameter_types = no_parameters);
  void bind_to(const wire::frame& message, const wire::bind_names& bind, std::string_view statement);
  void hide_unnamed_of_others();
  bool names_in_sql() const noexcept;
  bool may_be_failed() const noexcept;
  void try_name(std::string_view name);
  void ask_description(std::string_view name, const prepared_ptr& of);
  void note_ended_by(const wire::bind_names& bind);
  std::uint8_t end_name_of(std::string_view portal);

  session_settings led_back(const sql::statement& what);
  void note_resetting(const wire::bind_names& bind);
  void lead_back_behind(std::string_view portal);

  const writing& about_;
  server_session& server_;
  failing_bind failing_;
  bool begins_failed_ = false;  // the BEGIN in front is one of a transaction that has failed already
  std::string& out_;
  std::string& told_;
};

// An error of the server's, as a message, with the client's names for statements in place of ours.
std::string with_client_names(const wire::error_fields& fields, const exchange& under_way, const client_state& client);

}  // namespace highwater::proxy
