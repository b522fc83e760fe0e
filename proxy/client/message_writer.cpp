#include "proxy/client/message_writer.hpp"

#include <algorithm>
#include <utility>

#include "proxy/client/login_reset.hpp"
#include "proxy/wire/names.hpp"

namespace highwater::proxy {

using wire::reply_kind;

namespace {

// What the server calls what a client calls `name`.
class name_there {
public:
  name_there(const named_statement* known, std::string_view name)
      : known_(known != nullptr),
        own_(known_ ? known->what->id : 0),
        unknown_(known_ ? std::string() : unknown_name(name)) {}
  operator std::string_view() const noexcept { return known_ ? own_ : std::string_view(unknown_); }

private:
  bool known_;
  server_name own_;
  std::string unknown_;
};

}  // namespace

void message_writer::write(const wire::frame& message) {
  switch (message.type) {
    case wire::frontend::query:
      return write_query(message);
    case wire::frontend::parse:
      return write_parse(message);
    case wire::frontend::bind:
      return write_bind(message);
    case wire::frontend::describe:
    case wire::frontend::close:
      return write_target(message);
    case wire::frontend::execute:
      return write_execute(message);
    case wire::frontend::function_call:
      server_.expect({reply_kind::function_call});
      break;
    case wire::frontend::sync:
      server_.close_surplus(about_.most_statements, out_);
      server_.expect({reply_kind::sync});
      break;
    default:
      break;
  }
  out_.append(message.available);
}

bool message_writer::write_deferred_begin() {
  auto& transaction = about_.client.transaction;
  if (!transaction.deferred()) return false;
  const auto opening = transaction.send();
  server_.add_hidden_query(opening.begin, out_);
  begins_failed_ = opening.fails;
  if (begins_failed_) server_.add_hidden_query(transaction::failing_statement, out_);
  about_.under_way.held.begin_unanswered = true;
  about_.under_way.held.in_read_only = opening.reads_only;
  return true;
}

void message_writer::write_own_failure() {
  wire::write_parse(out_, "", "an error of Highwater's", no_parameters);
  server_.expect({reply_kind::parse, true, 0, own_failure_id, true});
}

void message_writer::write_hidden_sync() {
  wire::write_empty(out_, wire::frontend::sync);
  server_.expect({reply_kind::sync, true});
}

// A simple Query ends the unnamed statement. DEALLOCATE and EXECUTE mean the client's names, not the server's.
void message_writer::write_query(const wire::frame& message) {
  const auto& facts = about_.facts;
  auto& client = about_.client;
  std::uint8_t changes = 0;
  server_text text;
  if (facts.names_others) {
    text = named_text(*facts.first(), *wire::read_single_string(message.body()));
    // What was prepared for it must be over if the Query fails.
    if (!text.ends.empty()) write_hidden_sync();
  }
  if (client.find_named("") != nullptr) {
    client.names().remove("");
    ++changes;
  }
  if (!text.ends.empty()) {
    client.names().remove(text.ends);
    ++changes;
  }
  const auto again = facts.resets && facts.executes ? led_back(*facts.first()) : session_settings();
  server_.expect({reply_kind::query, false, changes, 0, false, !again.empty()});
  if (!again.empty()) {
    // Behind a comment that ends with its line.
    text.sql.append(*wire::read_single_string(message.body())).append("\n;").append(transition_sql({}, again));
  }
  if (text.sql.empty()) {
    out_.append(message.available);
  } else {
    wire::write_query(out_, text.sql);
  }
}

// What a text that names one of the client's statements is for the server.
message_writer::server_text message_writer::named_text(const sql::statement& what, std::string_view sql) {
  const auto& client = about_.client;
  const auto* place = name_in(what, client.prepared.get());
  const auto* known = place != nullptr && !place->name.empty() ? client.find_named(place->name) : nullptr;
  if (known == nullptr) return {place == nullptr ? std::string() : without_our_name(sql, *place), {}};
  // The server gets to see another name.
  const auto cut = wire::notice_of_cut(sql.substr(place->offset, place->length), place->name);
  if (cut && !server_.owes()) wire::write_notice(told_, wire::severity::notice, *cut);
  if (place == (what.executes ? &*what.executes : nullptr)) return {with_name(sql, *place, known->what->id), {}};
  const bool ends = place == (what.deallocates ? &*what.deallocates : nullptr);
  return {with_name(sql, *place, prepare_stand_in(place->name)), ends ? place->name : std::string()};
}

// The servers keep a client's statement for others, so something else stands for it where it is to be ended, or is in
// the way. An empty text can be prepared whatever state the transaction is in.
statement_id message_writer::prepare_stand_in(std::string_view name, std::string_view parameter_types) {
  const auto id = about_.registry.make_private("", parameter_types)->id;
  wire::write_parse(out_, server_name(id), "", parameter_types);
  server_.expect({reply_kind::parse, true, 0, id});
  server_.add_statement(id);
  about_.under_way.note_stand_in(id, name);
  return id;
}

// The client's unnamed statement is on the connection, or was never made: then nobody else's may be met there.
void message_writer::hide_unnamed_of_others() {
  if (about_.client.find_named("") != nullptr || server_.unnamed() == no_unnamed) return;
  wire::write_target(out_, wire::frontend::close, 'S', "");
  server_.expect({reply_kind::close, true, 0, 0, true});
}

// May SQL have given the connection names that only the server knows?
bool message_writer::names_in_sql() const noexcept {
  const auto& pins = about_.under_way.held.pins;
  return pins.has(sql::pin_reason::prepared_statement) || pins.has(sql::pin_reason::stateful_function);
}

// Is what comes now in a transaction that has failed, or in one that may have by the time it gets there? Then it is the
// server that knows whether this may still be prepared.
bool message_writer::may_be_failed() const noexcept {
  const auto& flights = about_.under_way.flights;
  if (begins_failed_ || server_.status() == wire::transaction_status::failed) return true;
  return !flights.empty() && (!server_.idle() || std::ranges::any_of(flights, &flight::begins));
}

// Fails as the client's own Parse would if the server has that name, and leaves nothing. Possible in any transaction.
void message_writer::try_name(std::string_view name) {
  const auto as_told = unknown_name(name);
  wire::write_parse(out_, as_told, "", no_parameters);
  server_.expect({reply_kind::parse, true});
  wire::write_target(out_, wire::frontend::close, 'S', as_told);
  server_.expect({reply_kind::close, true});
}

void message_writer::write_parse(const wire::frame& message) {
  auto& names = about_.client.names();
  const auto parse = *wire::read_parse(message.body());
  const bool others = about_.names_others(parse.query);
  const auto text = others ? named_text(*about_.verdict_on(parse.query), parse.query) : server_text();
  if (parse.name.empty()) return write_unnamed_parse(message, parse, text);
  const std::string_view sql = text.sql.empty() ? parse.query : std::string_view(text.sql);
  if (names.find(parse.name) != nullptr) {
    // The server shall say that the name exists, once it has looked at the text.
    const auto taken = prepare_stand_in(parse.name);
    wire::write_parse(out_, server_name(taken), sql, parse.parameter_types);
    server_.expect({reply_kind::parse, false, 0, taken});
    return;
  }
  auto what = about_.intern(parse.query, parse.parameter_types, others);
  if (server_.in_doubt(what->id) || may_be_failed())
    what = about_.registry.make_private(parse.query, parse.parameter_types, others);
  const auto id = what->id;
  const bool tries = names_in_sql();
  if (server_.statements().knows(id)) {
    if (tries) try_name(parse.name);
    names.add(parse.name, {std::move(what), server_.statements().described(id)});
    server_.expect({reply_kind::local_parse_complete, false, 1, id});
    return;
  }
  names.add(parse.name, {what, nullptr});
  server_.close_surplus(std::max<std::size_t>(about_.most_statements_within(), 1) - 1, out_);
  wire::write_parse(out_, server_name(id), sql, parse.parameter_types);
  server_.expect({reply_kind::parse, tries, static_cast<std::uint8_t>(!tries), id});
  server_.add_statement(id);
  if (!others) ask_description(parse.name, what);
  if (!tries) return;
  // The server has looked at the text first, as it would for the client.
  try_name(parse.name);
  server_.expect({reply_kind::local_parse_complete, false, 1, id});
}

void message_writer::write_unnamed_parse(const wire::frame& message, const wire::parse_message& parse,
                                         const server_text& text) {
  const auto what = about_.registry.make_private(parse.query, parse.parameter_types, about_.names_others(parse.query));
  about_.client.names().add("", {what, nullptr});
  server_.unnamed_not_described();
  server_.expect({reply_kind::parse, false, 1, what->id, true});
  if (text.sql.empty()) {
    out_.append(message.available);
  } else {
    wire::write_parse(out_, "", text.sql, parse.parameter_types);
  }
  // A client that runs it in this batch reads its rows by what it asks for in this batch.
  if (!about_.facts.executes && !what->names_others) ask_description("", what);
}

// What the client is told, or would be if it asked. Not of what runs another one: that is asked itself.
void message_writer::ask_description(std::string_view name, const prepared_ptr& of) {
  const server_name own(of->id);
  wire::write_target(out_, wire::frontend::describe, 'S', name.empty() ? std::string_view() : std::string_view(own));
  server_.expect({reply_kind::describe_statement, true, 0, of->id});
  about_.client.names().await_description(name, of);
}

void message_writer::write_bind(const wire::frame& message) {
  const auto bind = *wire::read_bind_names(message.body());
  note_ended_by(bind);
  note_resetting(bind);
  const auto* known = about_.client.find_named(bind.statement);
  const auto stand_in = known != nullptr ? failing_.stands_in(bind.statement, *known, message.body()) : std::nullopt;
  if (stand_in) return bind_to(message, bind, server_name(prepare_stand_in(bind.statement, *stand_in)));
  if (!bind.statement.empty()) return bind_to(message, bind, name_there(known, bind.statement));
  hide_unnamed_of_others();
  server_.expect({reply_kind::bind});
  out_.append(message.available);
}

// The Bind, with another name of a statement.
void message_writer::bind_to(const wire::frame& message, const wire::bind_names& bind, std::string_view statement) {
  server_.expect({reply_kind::bind});
  const auto size = message.size - 1 - bind.statement.size() + statement.size();
  char length[4];
  wire::store_u32(length, static_cast<std::uint32_t>(size));
  out_.push_back(wire::frontend::bind);
  out_.append(length, 4).append(bind.portal).push_back('\0');
  out_.append(statement).push_back('\0');
  out_.append(message.available.substr(wire::header_size + bind.size));
}

// A portal whose execution ends one of the client's names.
void message_writer::note_ended_by(const wire::bind_names& bind) {
  const auto* known = about_.facts.names_others ? about_.client.find_named(bind.statement) : nullptr;
  if (known == nullptr || !known->what->names_others) return;
  const auto what = about_.verdict_on(known->what->query);
  if (what->deallocates) about_.under_way.ending_portals.emplace_back(bind.portal, what->deallocates->name);
}

void message_writer::write_execute(const wire::frame& message) {
  const auto portal = wire::read_execute(message.body())->portal;
  server_.expect({reply_kind::execute, false, end_name_of(portal)});
  out_.append(message.available);
  lead_back_behind(portal);
}

// How many names it ends.
std::uint8_t message_writer::end_name_of(std::string_view portal) {
  for (const auto& [bound, name] : about_.under_way.ending_portals) {
    if (bound != portal || about_.client.find_named(name) == nullptr) continue;
    about_.client.names().remove(name);
    return 1;
  }
  return 0;
}

void message_writer::write_target(const wire::frame& message) {
  const auto target = *wire::read_target(message.body());
  const bool closes = message.type == wire::frontend::close;
  if (target.kind == 'P') {
    server_.expect({closes ? reply_kind::close : reply_kind::describe_portal});
    out_.append(message.available);
    return;
  }
  if (target.name.empty()) return write_unnamed_target(message, closes);
  const auto* known = about_.client.find_named(target.name);
  if (closes && known != nullptr) {
    // The server keeps the statement for others; the name is the client's alone.
    about_.client.names().remove(target.name);
    server_.expect({reply_kind::local_close_complete, false, 1});
    return;
  }
  if (closes) about_.under_way.held.pins.may_have_ended(sql::pin_reason::prepared_statement);
  const auto kind = closes ? reply_kind::close : reply_kind::describe_statement;
  server_.expect({kind, false, 0, known != nullptr ? known->what->id : 0});
  wire::write_target(out_, message.type, 'S', name_there(known, target.name));
}

void message_writer::write_unnamed_target(const wire::frame& message, bool closes) {
  const bool known = about_.client.find_named("") != nullptr;
  if (!closes) {
    hide_unnamed_of_others();
  } else if (known) {
    about_.client.names().remove("");
  }
  const auto kind = closes ? reply_kind::close : reply_kind::describe_statement;
  server_.expect({kind, false, static_cast<std::uint8_t>(closes && known), 0, closes});
  out_.append(message.available);
}

// What is to be set again behind the statement, where the client may look before its transaction is over.
session_settings message_writer::led_back(const sql::statement& what) {
  if (about_.under_way.alone || about_.facts.unclear) return {};
  auto& changes = about_.under_way.changes;
  const auto& settings = *about_.client.settings;
  const bool as_another =
      find(settings, "role") || find(settings, "session_authorization") || changes.changes_identity();
  auto again = behind_reset(what, *about_.client.at_login, as_another);
  changes.restored(again);
  return again;
}

void message_writer::note_resetting(const wire::bind_names& bind) {
  auto& portals = about_.under_way.resetting_portals;
  std::erase_if(portals, [&](const auto& one) { return one.first == bind.portal; });
  const auto* known = about_.facts.resets ? about_.client.find_named(bind.statement) : nullptr;
  if (known == nullptr) return;
  if (auto again = led_back(*about_.verdict_on(known->what->query)); !again.empty())
    portals.emplace_back(bind.portal, std::move(again));
}

// In a statement and a portal of its own: the client's are its own, also the unnamed ones.
void message_writer::lead_back_behind(std::string_view portal) {
  auto& portals = about_.under_way.resetting_portals;
  const auto resets = std::ranges::find(portals, portal, &std::pair<std::string, session_settings>::first);
  if (resets == portals.end()) return;
  const auto name = server_name(about_.registry.make_private("", no_parameters)->id);
  const auto portal_name = own_statement_prefix;
  wire::write_parse(out_, name, transition_sql({}, resets->second), no_parameters);
  server_.expect({reply_kind::parse, true});
  wire::write_bind(out_, portal_name, name);
  server_.expect({reply_kind::bind, true});
  wire::write_target(out_, wire::frontend::close, 'S', name);
  server_.expect({reply_kind::close, true});
  wire::write_execute(out_, portal_name);
  server_.expect({reply_kind::execute, true});
  wire::write_target(out_, wire::frontend::close, 'P', portal_name);
  server_.expect({reply_kind::close, true});
}

}  // namespace highwater::proxy
