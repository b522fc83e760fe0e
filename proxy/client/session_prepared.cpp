// A client's prepared statements on whichever connection it is given: names are rewritten, what the connection lacks is
// prepared there first.

#include <utility>

#include "proxy/client/session.hpp"
#include "proxy/wire/names.hpp"

namespace highwater::proxy {

using wire::reply_kind;

namespace {

// A client's name for a statement that does not exist must not hit one of ours by accident.
std::string unknown_name(std::string_view name) {
  return name.starts_with(own_statement_prefix) ? "?" + std::string(name) : std::string(name);
}

// ... in SQL either.
std::string without_our_name(std::string_view sql, const sql::name_in_text& place) {
  std::string text(sql);
  if (!place.name.starts_with(own_statement_prefix)) return text;
  return text.replace(place.offset, place.length, '"' + unknown_name(place.name) + '"');
}

std::string with_name(std::string_view sql, const sql::name_in_text& place, statement_id id) {
  std::string text(sql);
  return text.replace(place.offset, place.length, server_name(id));
}

}  // namespace

prepared_names& session::names() {
  if (!names_) names_ = std::make_unique<prepared_names>();
  return *names_;
}

const named_statement* session::find_named(std::string_view name) const noexcept {
  return names_ ? std::as_const(*names_).find(name) : nullptr;
}

sql::statement_ptr session::verdict_on(std::string_view sql) {
  auto& database = kind_->database;
  return database.statements.find_or_classify(sql, database.catalog).what;
}

prepared_ptr session::intern(std::string_view query, std::string_view parameter_types, bool names_others) {
  if (names_others || held_.settings_unknown) {
    return prepared_registry::make_private(query, parameter_types, names_others);
  }
  return worker_.prepared.intern(query, parameter_types, analysed_under_,
                                 worker_.shared.schema_changes.load(std::memory_order_relaxed));
}

// A text that runs or ends what another name stands for is prepared anew for each use, as that may be another by then.
bool session::names_others(std::string_view sql) {
  return work_->facts.names_others && name_in(*verdict_on(sql), names_.get()) != nullptr;
}

// The client's statement in a form that the leased connection has, or may be given. A server that has analysed it goes
// on with that, as it would for the client alone; one that has not would analyse it under the settings of now, and what
// comes of that is another statement.
void session::make_usable_here(std::string_view name, named_statement& known) {
  const auto& what = known.what;
  if (!what->names_others) {
    if (server().statements().knows(what->id)) return;
    if (!held_.settings_unknown && what->under == analysed_under_) return;
  }
  if (!known.told) known.told = what->described;
  names().replace(name, intern(what->query, what->parameter_types, what->names_others));
}

// Of what the batch uses, what the connection does not have.
void session::find_needs() {
  auto& now = *work_;
  forget_portals_of_the_past();
  now.needs.clear();
  if (!names_) return;
  worker_.parsed_names.clear();
  const auto batch = input_left();
  for (const auto& message : now.scanner.messages()) {
    find_needs_of({message.type, message.size, batch.substr(message.offset, message.size)});
  }
}

// They end with their transaction.
void session::forget_portals_of_the_past() {
  if (!server().is_settled() || !server().idle()) return;
  work_->stand_ins.clear();
  work_->ending_portals.clear();
  work_->resetting_portals.clear();
}

void session::find_needs_of(const wire::frame& message) {
  const auto need = [&](std::string_view name) {
    if (!worker_.parsed_names.contains(name)) need_statement(name);
  };
  switch (message.type) {
    case wire::frontend::query:
      if (work_->facts.names_others) need_what_is_executed(*work_->facts.first());
      break;
    case wire::frontend::parse: {
      const auto parse = *wire::read_parse(message.body());
      if (work_->facts.names_others) need_what_is_executed(*verdict_on(parse.query));
      worker_.parsed_names.insert(parse.name);
      break;
    }
    case wire::frontend::bind:
      need(wire::read_bind_names(message.body())->statement);
      break;
    case wire::frontend::describe:
      if (const auto target = *wire::read_target(message.body()); target.kind == 'S') need(target.name);
      break;
    default:
      break;
  }
}

void session::need_what_is_executed(const sql::statement& what) {
  if (what.executes) need_statement(what.executes->name);
}

void session::need_statement(std::string_view name) {
  auto* known = names().find(name);
  if (known == nullptr) return;
  const bool unnamed = name.empty();
  if (!unnamed) make_usable_here(name, *known);
  const auto told = known->told ? known->told : known->what->described;
  if (unnamed && server().unnamed() == known->what->id) {
    if (!preparation::differ(server().unnamed_described(), told)) return;
  } else if (!unnamed && server().statements().knows(known->what->id)) {
    if (!preparation::differ(server().statements().described(known->what->id), told)) return;
    // Prepared there when the table was another one. What it is now, or whether it is, the server shall say.
    if (!known->told) known->told = told;
    const auto old = known->what;
    names().replace(name, prepared_registry::make_private(old->query, old->parameter_types, old->names_others));
  }
  const auto& what = known->what;
  auto text = what->names_others ? server_text(what->query) : what->query;
  // What names something that is no more fails when it is run, and says so itself.
  const bool in_vain = what->names_others && text == what->query;
  work_->needs.add({what, in_vain ? nullptr : told, std::string(name), std::move(text), unnamed});
}

// The text as a server understands it, where it names another of the client's statements. What it executes is needed
// too; what it ends, or finds in its way, is a stand-in, as the servers keep the statement itself for others.
std::string session::server_text(std::string_view sql) {
  const auto what = verdict_on(sql);
  const auto* place = name_in(*what, names_.get());
  const auto* known = find_named(place->name);
  if (known == nullptr || place->name.empty()) return without_our_name(sql, *place);
  if (place == (what->executes ? &*what->executes : nullptr)) {
    need_statement(place->name);
    return with_name(sql, *place, find_named(place->name)->what->id);
  }
  const auto stand_in = prepared_registry::make_private("", no_parameters);
  work_->stand_ins.emplace_back(stand_in->id, place->name);
  work_->needs.add({stand_in, nullptr, "", "", false});
  return with_name(sql, *place, stand_in->id);
}

// Gives the connection what it lacks; on_prepared() follows.
void session::prepare_needs(routing::route_reason reason) {
  work_->reason = reason;
  stage_ = stage::preparing;
  lease_->prepare(work_->needs.to_send());
}

void session::on_prepared(std::string_view failed) {
  const auto alive = shared_from_this();
  stage_ = stage::ready;
  auto& needs = work_->needs;
  if (failed.empty()) compare_prepared();
  if (!failed.empty()) {
    answer_failure(failed);
  } else if (needs.outdated() && !refused_by_server()) {
    outdated_statement();
  } else if (!work_->streaming) {
    send_batch(work_->reason);
  }
  needs.clear();
  if (stage_ == stage::ready && lease_ != nullptr && !busy()) exchange_over();
  if (stage_ == stage::ready) process();
  settle();
}

void session::compare_prepared() {
  for (auto& one : work_->needs.items()) {
    const auto there = one.unnamed ? server().unnamed_described() : server().statements().described(one.what->id);
    if (!one.what->described) one.what->described = there;
    one.compare(there);
    auto* known = names().find(one.name);
    if (known != nullptr && known->what == one.what && !known->told) known->told = there;
  }
}

// A Bind with a wrong number of parameters fails before anything is compared with the tables of now.
bool session::refused_by_server() const {
  const auto batch = input_left();
  for (const auto& message : work_->scanner.messages()) {
    if (message.type != wire::frontend::bind || work_->streaming) continue;
    const auto body = batch.substr(message.offset + wire::header_size, message.size - wire::header_size);
    const auto* item = work_->needs.find(wire::read_bind_names(body)->statement);
    if (item == nullptr || !item->outdated) continue;
    const auto count = wire::read_bind_count(body);
    return count && *count != item->there->parameters();
  }
  return false;
}

// What PostgreSQL says of a plan whose rows have become others, word by word: drivers prepare anew when they read it.
void session::outdated_statement() {
  // Whoever prepares it from now on gets another one.
  worker_.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
  answer_error({std::string(wire::sqlstate::feature_not_supported), "cached plan must not change result type", "", "",
                "RevalidateCachedQuery"});
}

// The client's unnamed statement is on the connection, or was never made: then nobody else's may be met there.
void session::hide_unnamed_of_others(std::string& out) {
  if (find_named("") != nullptr || server().unnamed() == no_unnamed) return;
  wire::write_target(out, wire::frontend::close, 'S', "");
  server().expect({reply_kind::close, true, 0, 0, true});
}

// A simple Query ends the unnamed statement. DEALLOCATE and EXECUTE mean the client's names, not the server's.
void session::send_query(const wire::frame& message, std::string& out) {
  std::uint8_t changes = 0;
  text_for_server text;
  if (work_->facts.names_others) {
    text = named_text(*work_->facts.first(), *wire::read_single_string(message.body()), out);
    if (!text.ends.empty()) {
      // What was prepared for it must be over if the Query fails.
      wire::write_empty(out, wire::frontend::sync);
      server().expect({reply_kind::sync, true, 0, 0});
    }
  }
  if (find_named("") != nullptr) {
    names().remove("");
    ++changes;
  }
  if (!text.ends.empty()) {
    names().remove(text.ends);
    ++changes;
  }
  const auto again =
      work_->facts.resets && work_->facts.executes ? led_back(*work_->facts.first()) : session_settings();
  server().expect({reply_kind::query, false, changes, 0, false, !again.empty()});
  if (!again.empty()) {
    // Behind a comment that ends with its line.
    text.sql.append(*wire::read_single_string(message.body())).append("\n;").append(transition_sql({}, again));
  }
  if (text.sql.empty()) {
    out.append(message.available);
  } else {
    wire::write_query(out, text.sql);
  }
}

// What a text that names one of the client's statements is for the server.
session::text_for_server session::named_text(const sql::statement& what, std::string_view sql, std::string& out) {
  const auto* place = name_in(what, names_.get());
  const auto* known = place != nullptr && !place->name.empty() ? find_named(place->name) : nullptr;
  if (known == nullptr) return {place == nullptr ? std::string() : without_our_name(sql, *place), {}};
  // The server gets to see another name.
  const auto cut = wire::notice_of_cut(sql.substr(place->offset, place->length), place->name);
  if (cut && !server().owes()) notify(wire::severity::notice, *cut);
  if (place == (what.executes ? &*what.executes : nullptr)) return {with_name(sql, *place, known->what->id), {}};
  const bool ends = place == (what.deallocates ? &*what.deallocates : nullptr);
  return {with_name(sql, *place, prepare_stand_in(place->name, out)), ends ? place->name : std::string()};
}

// The servers keep a client's statement for others, so something else stands for it where it is to be ended, or is in
// the way. An empty text can be prepared whatever state the transaction is in.
statement_id session::prepare_stand_in(std::string_view name, std::string& out) {
  const auto id = prepared_registry::make_private("", no_parameters)->id;
  wire::write_parse(out, server_name(id), "", no_parameters);
  server().expect({reply_kind::parse, true, 0, id});
  server().statements().add(id);
  work_->stand_ins.emplace_back(id, name);
  return id;
}

// May SQL have given the connection names that only the server knows?
bool session::names_in_sql() const noexcept {
  return held_.pins.has(sql::pin_reason::prepared_statement) || held_.pins.has(sql::pin_reason::stateful_function);
}

// Fails as the client's own Parse would if the server has that name, and leaves nothing. Possible in any transaction.
void session::try_name(std::string_view name, std::string& out) {
  const auto as_told = unknown_name(name);
  wire::write_parse(out, as_told, "", no_parameters);
  server().expect({reply_kind::parse, true, 0, 0});
  wire::write_target(out, wire::frontend::close, 'S', as_told);
  server().expect({reply_kind::close, true, 0, 0});
}

// A statement that no server gets to see.
void session::remember_parsed(const wire::parse_message& parse) {
  names().add(parse.name, {intern(parse.query, parse.parameter_types, false), nullptr});
  names().confirm();
}

void session::send_parse(const wire::frame& message, std::string& out) {
  const auto parse = *wire::read_parse(message.body());
  const bool others = names_others(parse.query);
  const auto text = others ? named_text(*verdict_on(parse.query), parse.query, out) : text_for_server();
  const std::string_view sql = text.sql.empty() ? parse.query : std::string_view(text.sql);
  if (parse.name.empty()) {
    const auto what = prepared_registry::make_private(parse.query, parse.parameter_types, others);
    names().add("", {what, nullptr});
    server().unnamed_not_described();
    server().expect({reply_kind::parse, false, 1, what->id, true});
    if (text.sql.empty()) {
      out.append(message.available);
    } else {
      wire::write_parse(out, "", sql, parse.parameter_types);
    }
    // A client that runs it in this batch reads its rows by what it asks for in this batch.
    if (!work_->facts.executes) ask_description("", what, out);
    return;
  }
  if (names().find(parse.name) != nullptr) {
    // The server shall say that the name exists, once it has looked at the text.
    const auto taken = prepare_stand_in(parse.name, out);
    wire::write_parse(out, server_name(taken), sql, parse.parameter_types);
    server().expect({reply_kind::parse, false, 0, taken});
    return;
  }
  auto what = intern(parse.query, parse.parameter_types, others);
  const auto id = what->id;
  const bool tries = names_in_sql();
  if (server().statements().knows(id)) {
    if (tries) try_name(parse.name, out);
    names().add(parse.name, {std::move(what), server().statements().described(id)});
    server().expect({reply_kind::local_parse_complete, false, 1, id});
    return;
  }
  names().add(parse.name, {what, nullptr});
  lease_->make_room(1, out);
  wire::write_parse(out, server_name(id), sql, parse.parameter_types);
  server().expect({reply_kind::parse, tries, static_cast<std::uint8_t>(!tries), id});
  server().statements().add(id);
  ask_description(parse.name, what, out);
  if (!tries) return;
  // The server has looked at the text first, as it would for the client.
  try_name(parse.name, out);
  server().expect({reply_kind::local_parse_complete, false, 1, id});
}

// What the client is told, or would be if it asked.
void session::ask_description(std::string_view name, const prepared_ptr& of, std::string& out) {
  wire::write_target(out, wire::frontend::describe, 'S', name.empty() ? std::string() : server_name(of->id));
  server().expect({reply_kind::describe_statement, true, 0, of->id});
  names().await_description(name, of);
}

void session::send_bind(const wire::frame& message, std::string& out) {
  const auto bind = *wire::read_bind_names(message.body());
  note_ended_by(bind);
  note_resetting(bind);
  if (bind.statement.empty()) {
    hide_unnamed_of_others(out);
    server().expect({reply_kind::bind, false, 0, 0});
    out.append(message.available);
    return;
  }
  const auto* known = find_named(bind.statement);
  server().expect({reply_kind::bind, false, 0, 0});
  const auto replacement = known != nullptr ? server_name(known->what->id) : unknown_name(bind.statement);
  const auto size = message.size - 1 - bind.statement.size() + replacement.size();
  char length[4];
  wire::store_u32(length, static_cast<std::uint32_t>(size));
  out.push_back(wire::frontend::bind);
  out.append(length, 4).append(bind.portal).push_back('\0');
  out.append(replacement).push_back('\0');
  out.append(message.available.substr(wire::header_size + bind.size));
}

// A portal whose execution ends one of the client's names.
void session::note_ended_by(const wire::bind_names& bind) {
  const auto* known = work_->facts.names_others ? find_named(bind.statement) : nullptr;
  if (known == nullptr || !known->what->names_others) return;
  const auto what = verdict_on(known->what->query);
  if (what->deallocates) work_->ending_portals.emplace_back(bind.portal, what->deallocates->name);
}

void session::send_execute(const wire::frame& message, std::string& out) {
  std::uint8_t changes = 0;
  const auto portal = wire::read_execute(message.body())->portal;
  if (!work_->ending_portals.empty()) {
    for (const auto& [bound, name] : work_->ending_portals) {
      if (bound != portal || find_named(name) == nullptr) continue;
      names().remove(name);
      ++changes;
      break;
    }
  }
  server().expect({reply_kind::execute, false, changes, 0});
  out.append(message.available);
  lead_back_behind(portal, out);
}

void session::send_target(const wire::frame& message, std::string& out) {
  const auto target = *wire::read_target(message.body());
  const bool closes = message.type == wire::frontend::close;
  const auto kind = closes               ? reply_kind::close
                    : target.kind == 'S' ? reply_kind::describe_statement
                                         : reply_kind::describe_portal;
  if (target.kind == 'P') {
    server().expect({kind, false, 0, 0});
    out.append(message.available);
    return;
  }
  if (target.name.empty()) {
    const bool known = find_named("") != nullptr;
    if (closes) {
      if (known) names().remove("");
    } else {
      hide_unnamed_of_others(out);
    }
    server().expect({kind, false, static_cast<std::uint8_t>(closes && known), 0, closes});
    out.append(message.available);
    return;
  }
  const auto* known = find_named(target.name);
  if (closes && known != nullptr) {
    // The server keeps the statement for others; the name is the client's alone.
    names().remove(target.name);
    server().expect({reply_kind::local_close_complete, false, 1, 0});
    return;
  }
  if (closes) held_.pins.may_have_ended(sql::pin_reason::prepared_statement);
  server().expect({kind, false, 0, known != nullptr ? known->what->id : 0});
  wire::write_target(out, message.type, 'S',
                     known != nullptr ? server_name(known->what->id) : unknown_name(target.name));
}

}  // namespace highwater::proxy
