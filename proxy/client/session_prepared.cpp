#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using wire::reply_kind;

namespace {

// A client's name for a statement that does not exist must not hit one of ours by accident.
std::string unknown_name(std::string_view name) {
  constexpr std::string_view ours = "_highwater_";
  return name.starts_with(ours) ? "?" + std::string(name) : std::string(name);
}

const routing::name_in_text* name_in(const routing::statement& what) {
  return what.deallocates ? &*what.deallocates : what.executes ? &*what.executes : nullptr;
}

}  // namespace

prepared_ptr session::intern(const wire::parse_message& parse) {
  if (held_.settings_unknown) return prepared_registry::make_private(parse.query, parse.parameter_types);
  return worker_.prepared.intern(parse.query, parse.parameter_types, analysed_under_,
                                 worker_.shared.schema_changes.load(std::memory_order_relaxed));
}

// The client's statement in a form that the leased connection has, or may be given. A server that has analysed it goes
// on with that, as it would for the client alone; one that has not would analyse it under the settings of now, and what
// comes of that is another statement.
prepared_ptr session::usable_here(std::string_view name, const prepared_ptr& known) {
  if (lease_->knows(known->id)) return known;
  if (!held_.settings_unknown && known->under == analysed_under_) return known;
  auto now = intern({name, known->query, known->parameter_types});
  names_->replace(name, now);
  return now;
}

void session::ensure_prepared(const prepared_statement& what, std::string& out) {
  if (lease_->knows(what.id)) return;
  wire::write_parse(out, server_name(what.id), what.query, what.parameter_types);
  lease_->queue.push({reply_kind::parse, true, false, what.id});
  // It will be there when what follows is looked at; if the Parse fails, so does all up to the next Sync.
  lease_->learn(what.id);
  close_surplus(out);
}

void session::close_surplus(std::string& out) {
  if (const auto surplus = lease_->surplus(); surplus != 0) {
    wire::write_target(out, wire::frontend::close, 'S', server_name(surplus));
    lease_->queue.push({reply_kind::close, true, false, surplus});
    lease_->forget(surplus);
  }
}

// The unnamed statement belongs to the session; the connection may hold somebody else's.
void session::ensure_unnamed(std::string& out) {
  if (unnamed_ && lease_->unnamed == unnamed_serial_) return;
  if (unnamed_) {
    wire::write_parse(out, "", unnamed_->query, unnamed_->parameter_types);
    lease_->queue.push({reply_kind::parse, true, false, 0});
    lease_->unnamed = unnamed_serial_;
  } else if (lease_->unnamed != 0) {
    wire::write_target(out, wire::frontend::close, 'S', "");
    lease_->queue.push({reply_kind::close, true, false, 0});
    lease_->unnamed = 0;
  }
}

// A simple Query ends the unnamed statement. DEALLOCATE and EXECUTE mean the client's names, not the server's.
void session::send_query(const wire::frame& message, std::string& out) {
  unnamed_ = nullptr;
  lease_->unnamed = 0;
  const auto* first = work_->facts.first();
  const auto* known = named_in(first);
  if (known == nullptr) {
    lease_->queue.push({reply_kind::query, false, false, 0});
    out.append(message.available);
    return;
  }
  const auto what = usable_here(name_in(*first)->name, prepared_ptr(*known));
  if (!lease_->knows(what->id)) {
    ensure_prepared(*what, out);
    // If the Parse fails the server skips to the next Sync, which must not be the client's.
    wire::write_empty(out, wire::frontend::sync);
    lease_->queue.push({reply_kind::sync, true, false, 0});
  }
  lease_->queue.push({reply_kind::query, false, false, 0});
  wire::write_query(out, with_server_name(*first, *wire::read_single_string(message.body()), what));
}

// The statement that DEALLOCATE or EXECUTE names, if it is one that the client has prepared with Parse.
const prepared_ptr* session::named_in(const routing::statement* what) const {
  const auto* named = what != nullptr ? name_in(*what) : nullptr;
  return named != nullptr && names_ ? names_->find(named->name) : nullptr;
}

std::string session::with_server_name(const routing::statement& what, std::string_view sql, const prepared_ptr& known) {
  const auto& named = *name_in(what);
  if (what.deallocates) {
    held_.ending.one = known;
    held_.ending.name = named.name;
  }
  std::string text(sql);
  return text.replace(named.offset, named.length, server_name(known->id));
}

void session::remember_unnamed(const wire::parse_message& parse) {
  auto made = std::make_shared<prepared_statement>();
  made->query = parse.query;
  made->parameter_types = parse.parameter_types;
  unnamed_ = std::move(made);
  unnamed_serial_ = worker_.shared.unnamed_statements.fetch_add(1, std::memory_order_relaxed) + 1;
}

// A statement that no server gets to see.
void session::remember_parsed(const wire::parse_message& parse) {
  if (parse.name.empty()) return remember_unnamed(parse);
  if (!names_) names_ = std::make_unique<prepared_names>();
  names_->add(parse.name, intern(parse));
  names_->confirm();
}

void session::send_parse(const wire::frame& message, std::string& out) {
  const auto parse = *wire::read_parse(message.body());
  if (parse.name.empty()) {
    remember_unnamed(parse);
    lease_->unnamed = unnamed_serial_;
    const auto& all = work_->facts.statements;
    const auto* known = all.size() == 1 && work_->facts.executes ? named_in(work_->facts.first()) : nullptr;
    if (known != nullptr) {
      const auto what = usable_here(name_in(*all.front().what)->name, prepared_ptr(*known));
      ensure_prepared(*what, out);
      wire::write_parse(out, "", with_server_name(*all.front().what, parse.query, what), parse.parameter_types);
      lease_->queue.push({reply_kind::parse, false, false, 0});
      return;
    }
    lease_->queue.push({reply_kind::parse, false, false, 0});
    out.append(message.available);
    return;
  }
  if (!names_) names_ = std::make_unique<prepared_names>();
  if (const auto* found = names_->find(parse.name)) {
    // The server shall say that the name exists: under its own name it does.
    const auto taken = usable_here(parse.name, prepared_ptr(*found));
    ensure_prepared(*taken, out);
    wire::write_parse(out, server_name(taken->id), parse.query, parse.parameter_types);
    lease_->queue.push({reply_kind::parse, false, false, 0});
    return;
  }
  auto what = intern(parse);
  const auto id = what->id;
  names_->add(parse.name, std::move(what));
  if (lease_->knows(id)) {
    lease_->queue.push({reply_kind::local_parse_complete, false, true, id});
    return;
  }
  wire::write_parse(out, server_name(id), parse.query, parse.parameter_types);
  lease_->queue.push({reply_kind::parse, false, true, id});
  lease_->learn(id);
  close_surplus(out);
}

void session::send_bind(const wire::frame& message, std::string& out) {
  const auto names = *wire::read_bind_names(message.body());
  if (names.statement.empty()) {
    ensure_unnamed(out);
    lease_->queue.push({reply_kind::bind, false, false, 0});
    out.append(message.available);
    return;
  }
  const auto* found = names_ ? names_->find(names.statement) : nullptr;
  const auto known = found != nullptr ? usable_here(names.statement, prepared_ptr(*found)) : nullptr;
  if (known != nullptr) ensure_prepared(*known, out);
  lease_->queue.push({reply_kind::bind, false, false, 0});
  const auto replacement = known != nullptr ? server_name(known->id) : unknown_name(names.statement);
  const auto size = message.size - 1 - names.statement.size() + replacement.size();
  char length[4];
  wire::store_u32(length, static_cast<std::uint32_t>(size));
  out.push_back(wire::frontend::bind);
  out.append(length, 4).append(names.portal).push_back('\0');
  out.append(replacement).push_back('\0');
  out.append(message.available.substr(wire::header_size + names.size));
}

void session::send_target(const wire::frame& message, std::string& out) {
  const auto target = *wire::read_target(message.body());
  const bool closes = message.type == wire::frontend::close;
  const auto kind = closes               ? reply_kind::close
                    : target.kind == 'S' ? reply_kind::describe_statement
                                         : reply_kind::describe_portal;
  if (target.kind == 'P') {
    lease_->queue.push({kind, false, false, 0});
    out.append(message.available);
    return;
  }
  if (target.name.empty()) {
    if (closes) {
      unnamed_ = nullptr;
      lease_->unnamed = 0;
    } else {
      ensure_unnamed(out);
    }
    lease_->queue.push({kind, false, false, 0});
    out.append(message.available);
    return;
  }
  const auto* found = names_ ? names_->find(target.name) : nullptr;
  if (closes && found != nullptr) {
    // The server keeps the statement for others; the name is the client's alone.
    names_->remove(target.name);
    lease_->queue.push({reply_kind::local_close_complete, false, true, 0});
    return;
  }
  const auto known = found != nullptr ? usable_here(target.name, prepared_ptr(*found)) : nullptr;
  if (known != nullptr) ensure_prepared(*known, out);
  lease_->queue.push({kind, false, false, 0});
  wire::write_target(out, message.type, 'S', known != nullptr ? server_name(known->id) : unknown_name(target.name));
}

}  // namespace highwater::proxy
