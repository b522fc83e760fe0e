#pragma once

// What is known of the session that a server keeps for one connection: what it still owes, what it holds, what it has
// told of itself. It goes along whole when the connection moves to another worker. No I/O, no clock.

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/server/held_statements.hpp"
#include "proxy/server/reported_parameters.hpp"
#include "proxy/server/settings.hpp"
#include "proxy/server/unnamed_statement.hpp"
#include "proxy/wire/messages.hpp"
#include "proxy/wire/reply_queue.hpp"
#include "proxy/wire/reply_reader.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::proxy {

// Servers know a client's statement by this and its number.
inline constexpr std::string_view own_statement_prefix = "_highwater_";
class server_name {
public:
  explicit server_name(statement_id id) noexcept;
  operator std::string_view() const noexcept { return {text_.data(), size_}; }

private:
  // In place: it is needed for each Bind, and the numbers of a long life are too long for a string to be.
  std::array<char, own_statement_prefix.size() + std::numeric_limits<statement_id>::digits10 + 1> text_;
  std::size_t size_;
};
inline constexpr std::string_view no_parameters{"\0\0", 2};  // as in Parse

class server_session {
public:
  explicit server_session(routing::node_index node) : node_(node) {}

  // What is under way -------------------------------------------------------------------------------------------------

  // Of every message that is sent, in their order.
  void expect(const wire::expected_reply& what) {
    unnamed_.sent(what);
    owed_.push(what);
    exchange_ += wire::ends_with_ready(what.kind);
  }
  // A Query of the proxy's own, whose answer nobody sees.
  void add_hidden_query(std::string_view sql, std::string& out) {
    wire::write_query(out, sql);
    expect({wire::reply_kind::query, true});
  }

  template <class Handler>
  wire::reply_reader::result take(std::string_view bytes, Handler& handler) {
    return reader_.read(bytes, owed_, handler);
  }
  // Answers that the proxy makes, as far as their turn has come.
  template <class Handler>
  void take_turns(Handler& handler) {
    reader_.run_locals(owed_, handler);
  }
  // Of the replies to what changes statements, in their order. `failed`: it is what an error was about; else the server
  // has passed it over behind one.
  void completed(const wire::expected_reply& what);
  void skipped(const wire::expected_reply& what, bool failed);
  description_ptr described(const wire::expected_reply& what, const wire::frame& message);  // null: more is to come
  // ReadyForQuery.
  void ready(wire::transaction_status status, const wire::expected_reply& what) {
    status_ = status;
    completed(what);
  }
  // The only thing that was owed has been taken by somebody who read the bytes himself.
  void taken_whole() {
    completed(owed_.front());
    owed_.clear();
  }

  const wire::expected_reply& next_owed() const noexcept { return owed_.front(); }
  bool owes() const noexcept { return !owed_.empty(); }
  // Nothing is owed, and nothing is under way.
  bool is_settled() const noexcept { return reader_.is_settled(owed_); }
  // What is sent next is part of an exchange that has begun; see reply_queue.
  bool is_open() const noexcept { return reader_.is_open(owed_); }
  // An error has come, and the server ignores everything but a Sync.
  bool skips() const noexcept { return reader_.skips(owed_); }
  bool copying_in() const noexcept { return reader_.copying_in(); }
  bool may_owe_ready() const noexcept { return reader_.may_owe_ready(); }
  bool in_message() const noexcept { return reader_.in_message(); }
  void sync_within_copy() noexcept { reader_.sync_within_copy(); }
  // It has been given back, and is clean.
  void rest() noexcept { reader_.reset(); }

  wire::transaction_status status() const noexcept { return status_; }
  bool idle() const noexcept { return status_ == wire::transaction_status::idle; }
  // Something has been sent that fails.
  void will_have_failed() noexcept { status_ = wire::transaction_status::failed; }

  // Prepared statements -----------------------------------------------------------------------------------------------

  held_statements& statements() noexcept { return statements_; }
  const held_statements& statements() const noexcept { return statements_; }
  // A Parse of it is being sent.
  void add_statement(statement_id id) { statements_.add(id, exchange_); }
  // Whether the server will have it depends on what becomes of what was sent before this exchange.
  bool in_doubt(statement_id id) const noexcept { return statements_.in_doubt(id, exchange_); }
  // What the unnamed one will be when all that was sent has been done, and how the server described it, if it was
  // asked.
  statement_id unnamed() const noexcept { return unnamed_.get(); }
  const description_ptr& unnamed_described() const noexcept { return unnamed_described_; }
  void unnamed_not_described() noexcept { unnamed_described_ = nullptr; }
  description_ptr described_as(statement_id id, bool unnamed) const noexcept {
    return unnamed ? unnamed_described_ : statements_.described(id);
  }
  // Appends what closes those that are more than `most`.
  void close_surplus(std::size_t most, std::string& out);

  // Settings, and what else is held ----------------------------------------------------------------------------------

  const settings_ptr& settings() const noexcept { return settings_; }
  void assume(settings_ptr now) { settings_ = std::move(now); }
  const parameter_list& parameters() const noexcept { return parameters_; }
  void note_parameter(std::string_view name, std::string_view value);
  std::uint64_t reported() const noexcept;  // the digest of them

  // It holds what cannot be described, and is cleaned with DISCARD ALL; or what not even that takes away.
  void soil() noexcept { soiled_ = true; }
  void soil_for_good() noexcept { closes_ = true; }
  bool is_soiled() const noexcept { return soiled_; }
  bool is_soiled_for_good() const noexcept { return closes_; }
  // DISCARD ALL has been sent.
  void discarding();
  // ... by a client, and has been done.
  void discarded() noexcept { soiled_ = false; }

  // The mark of whoever has written last: what currval() tells is what was drawn by then. 0: nobody has.
  std::uint64_t last_write() const noexcept { return last_write_; }
  void written(std::uint64_t mark) noexcept { last_write_ = mark; }

  // Who it is ---------------------------------------------------------------------------------------------------------

  using time_point = std::chrono::steady_clock::time_point;
  struct login {
    wire::backend_key_message key;
    parameter_list parameters;
    std::int64_t server_started = 0;  // rule 25; in microseconds since 1970
    time_point established{};
  };
  void begin(time_point now) noexcept { begun_ = now; }  // before the server has looked at anything
  void logged_in(login as);

  routing::node_index node() const noexcept { return node_; }
  const wire::backend_key_message& key() const noexcept { return key_; }
  time_point begun() const noexcept { return begun_; }
  time_point established() const noexcept { return established_; }
  std::int64_t server_started() const noexcept { return server_started_; }

  // The life of the node that this connection was shown to belong to: a sample of that life was sent after the
  // connection stood, and a crash would have ended both. 0: not shown yet.
  routing::incarnation_id proved() const noexcept { return proved_; }
  // Looks whether it can be shown now.
  bool prove(const routing::node_view& node) noexcept;

private:
  routing::node_index node_;
  wire::backend_key_message key_;
  time_point begun_{};
  time_point established_{};
  std::int64_t server_started_ = 0;
  routing::incarnation_id proved_ = 0;

  wire::reply_queue owed_;
  std::uint64_t exchange_ = 0;  // the number of the one that what is sent next belongs to
  wire::reply_reader reader_;
  wire::transaction_status status_ = wire::transaction_status::idle;

  held_statements statements_;
  unnamed_statement unnamed_;
  description_ptr unnamed_described_;
  std::string parameter_types_;  // of the statement that is being described

  settings_ptr settings_ = no_settings();
  parameter_list parameters_;
  mutable std::uint64_t reported_ = 0;  // 0: to be found out
  std::uint64_t last_write_ = 0;
  bool soiled_ = false;
  bool closes_ = false;
};

}  // namespace highwater::proxy
