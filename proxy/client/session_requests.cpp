#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::statement_kind;
using wire::reply_kind;

namespace {

// A client's name for a statement that does not exist must not hit one of ours by accident.
std::string unknown_name(std::string_view name) {
  constexpr std::string_view ours = "_highwater_";
  return name.starts_with(ours) ? "?" + std::string(name) : std::string(name);
}

// May a message of a batch that nobody has examined be taken apart by what sends it on?
bool well_formed(const wire::frame& message) {
  switch (message.type) {
    case wire::frontend::parse:
      return wire::read_parse(message.body()).has_value();
    case wire::frontend::bind:
      return wire::read_bind_names(message.body()).has_value();
    case wire::frontend::describe:
    case wire::frontend::close:
      return wire::read_target(message.body()).has_value();
    case wire::frontend::execute:
      return wire::read_execute(message.body()).has_value();
    case wire::frontend::query:
    case wire::frontend::function_call:
    case wire::frontend::flush:
    case wire::frontend::sync:
    case wire::frontend::terminate:
    case wire::frontend::copy_data:
    case wire::frontend::copy_done:
    case wire::frontend::copy_fail:
      return true;
    default:
      return false;
  }
}

}  // namespace

// Sends the batch at the beginning of the input to the leased connection.
void session::send_batch(routing::route_reason reason) {
  auto& now = *work_;
  const auto& facts = now.facts;
  count_route(deferred_begin_.empty() || in_read_only_ ? reason : routing::route_reason::transaction);

  flight one;
  one.begin = now.begin;
  one.size = now.scanner.size();
  const bool on_primary = lease_->node() == worker_.view().primary;
  const bool alone = lease_->queue.empty();
  one.writes = on_primary && facts.kind != statement_kind::read && facts.kind != statement_kind::begin &&
               facts.kind != statement_kind::begin_read_only && facts.kind != statement_kind::empty;
  one.retryable = !on_primary && facts.kind == statement_kind::read && deferred_begin_.empty() && !in_read_only_ &&
                  lease_->status == wire::transaction_status::idle && !pinned_ && !unsynced_ &&
                  (alone || (!now.flights.empty() && now.flights.back().retryable));
  one.no_ready = facts.end == wire::batch_end::flush || facts.end == wire::batch_end::cut;

  auto& out = worker_.out_scratch;
  out.clear();
  const bool begins = !deferred_begin_.empty();
  if (begins) {
    wire::write_query(out, deferred_begin_);
    lease_->queue.push({reply_kind::query, true, false, 0});
    in_read_only_ = deferred_read_only_;
    deferred_begin_.clear();
  }
  if (facts.kind == statement_kind::begin_read_only) in_read_only_ = true;
  const bool reset_before = resets_all_;
  for (const auto& what : facts.statements) {
    one.schema |= what->changes_schema;
    if (facts.executes) note_effects(*what);
  }
  resets_alone_ = resets_all_ && !reset_before && alone && !begins && !unsynced_ && !one.no_ready &&
                  lease_->status == wire::transaction_status::idle && facts.statements.size() == 1 &&
                  facts.first()->statement_count == 1;

  // A Flush behind messages that only prepare becomes a Sync, so that the connection need not be kept for what may be a
  // long time; the client does not see its ReadyForQuery.
  const bool flush_to_sync = facts.end == wire::batch_end::flush && !facts.executes && !unsynced_ && !begins &&
                             lease_->status == wire::transaction_status::idle && !pinned_;
  const auto batch = input_left();
  const auto messages = now.scanner.messages();
  for (const auto& message : messages) {
    wire::frame found{message.type, message.size, batch.substr(message.offset, message.size)};
    if (message.type == wire::frontend::flush && flush_to_sync) {
      wire::write_empty(out, wire::frontend::sync);
      lease_->queue.push({reply_kind::sync, true, false, 0});
      one.hidden_sync = true;
      one.no_ready = false;
      continue;
    }
    send_message(found, out);
  }
  if (one.no_ready) {
    unsynced_ = true;
  } else {
    unsynced_ = false;
    // What had no ReadyForQuery of its own (a Flush before, or a Sync that copy-in mode swallowed) is answered with this.
    while (!now.flights.empty() && now.flights.back().no_ready) {
      one.writes |= now.flights.back().writes;
      one.schema |= now.flights.back().schema;
      now.flights.pop_back();
    }
  }
  now.flights.push_back(one);
  lease_->send(out);
  lease_->read_on();
  consume(one.size);

  // Where nothing is to come from the server first, nobody else would say it.
  struct {
    session& self;
    void local(const wire::expected_reply& what) { self.answer_in_turn(what, text); }
    std::string text;
  } locals{*this, {}};
  lease_->reader.run_locals(lease_->queue, locals);
  write_client(locals.text);
}

// Appends one message, as the server is to see it, and what is to be expected for it.
void session::send_message(const wire::frame& message, std::string& out) {
  auto& queue = lease_->queue;
  switch (message.type) {
    case wire::frontend::query:
      return send_query(message, out);
    case wire::frontend::function_call:
      queue.push({reply_kind::function_call, false, false, 0});
      break;
    case wire::frontend::parse:
      return send_parse(message, out);
    case wire::frontend::bind:
      return send_bind(message, out);
    case wire::frontend::describe:
    case wire::frontend::close:
      return send_target(message, out);
    case wire::frontend::execute:
      queue.push({reply_kind::execute, false, false, 0});
      break;
    case wire::frontend::sync:
      queue.push({reply_kind::sync, false, false, 0});
      break;
    default:
      break;
  }
  out.append(message.available);
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
    lease_->queue.push({reply_kind::close, true, false, 0});
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
  const auto what = *known;
  if (!lease_->knows(what->id)) {
    ensure_prepared(*what, out);
    // If the Parse fails the server skips to the next Sync, which must not be the client's.
    wire::write_empty(out, wire::frontend::sync);
    lease_->queue.push({reply_kind::sync, true, false, 0});
  }
  lease_->queue.push({reply_kind::query, false, false, 0});
  wire::write_query(out, with_server_name(*first, *wire::read_single_string(message.body()), what));
}

namespace {

const routing::name_in_text* name_in(const routing::statement& what) {
  return what.deallocates ? &*what.deallocates : what.executes ? &*what.executes : nullptr;
}

}  // namespace

// The statement that DEALLOCATE or EXECUTE names, if it is one that the client has prepared with Parse.
const prepared_ptr* session::named_in(const routing::statement* what) const {
  const auto* named = what != nullptr ? name_in(*what) : nullptr;
  return named != nullptr && names_ ? names_->find(named->name) : nullptr;
}

std::string session::with_server_name(const routing::statement& what, std::string_view sql, const prepared_ptr& known) {
  const auto& named = *name_in(what);
  if (what.deallocates) {
    ending_.one = known;
    ending_.name = named.name;
  }
  std::string text(sql);
  return text.replace(named.offset, named.length, server_name(known->id));
}

void session::send_parse(const wire::frame& message, std::string& out) {
  const auto parse = *wire::read_parse(message.body());
  if (parse.name.empty()) {
    auto made = std::make_shared<prepared_statement>();
    made->query = parse.query;
    made->parameter_types = parse.parameter_types;
    unnamed_ = std::move(made);
    unnamed_serial_ = ++worker_.unnamed_serial;
    lease_->unnamed = unnamed_serial_;
    const auto& all = work_->facts.statements;
    const auto* known = all.size() == 1 && work_->facts.executes ? named_in(all.front().get()) : nullptr;
    if (known != nullptr) {
      const auto what = *known;
      ensure_prepared(*what, out);
      wire::write_parse(out, "", with_server_name(*all.front(), parse.query, what), parse.parameter_types);
      lease_->queue.push({reply_kind::parse, false, false, 0});
      return;
    }
    lease_->queue.push({reply_kind::parse, false, false, 0});
    out.append(message.available);
    return;
  }
  if (!names_) names_ = std::make_unique<prepared_names>();
  if (const auto* taken = names_->find(parse.name)) {
    // The server shall say that the name exists: under its own name it does.
    ensure_prepared(**taken, out);
    wire::write_parse(out, server_name((*taken)->id), parse.query, parse.parameter_types);
    lease_->queue.push({reply_kind::parse, false, false, 0});
    return;
  }
  auto what = worker_.prepared.intern(parse.query, parse.parameter_types);
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
  const auto* known = names_ ? names_->find(names.statement) : nullptr;
  if (known != nullptr) ensure_prepared(**known, out);
  lease_->queue.push({reply_kind::bind, false, false, 0});
  const auto replacement = known != nullptr ? server_name((*known)->id) : unknown_name(names.statement);
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
  const auto kind = closes                  ? reply_kind::close
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
  const auto* known = names_ ? names_->find(target.name) : nullptr;
  if (closes && known != nullptr) {
    // The server keeps the statement for others; the name is the client's alone.
    names_->remove(target.name);
    lease_->queue.push({reply_kind::local_close_complete, false, true, 0});
    return;
  }
  if (known != nullptr) ensure_prepared(**known, out);
  lease_->queue.push({kind, false, false, 0});
  wire::write_target(out, message.type, 'S', known != nullptr ? server_name((*known)->id) : unknown_name(target.name));
}

// Copy data on its way to the server. True if there may be more to do.
bool session::pass_copy() {
  const auto bytes = input_left();
  wire::frame message;
  const auto status = wire::peek_frame(bytes, worker_.shared.settings.limits.max_message_bytes, message);
  if (status == wire::frame_status::need_header) return false;
  if (status == wire::frame_status::bad_length) {
    protocol_error("invalid message length during COPY");
    return false;
  }
  const auto size = message.available.size();
  switch (message.type) {
    case wire::frontend::copy_data:
      lease_->send(message.available);
      work_->pass_left = message.size - size;
      work_->pass_drop = false;
      break;
    case wire::frontend::copy_done:
    case wire::frontend::copy_fail:
      if (!message.complete()) return false;
      lease_->send(message.available);
      copy_in_ = false;
      break;
    case wire::frontend::flush:
    case wire::frontend::sync:
      // Ignored, as the server does in copy-in mode.
      if (!message.complete()) return false;
      break;
    case wire::frontend::terminate:
      end();
      return false;
    default: {
      std::string out;
      wire::writer(out, wire::frontend::copy_fail).c_string("unexpected message during COPY from stdin");
      lease_->send(out);
      copy_in_ = false;
      return true;
    }
  }
  consume(size);
  return true;
}

// A batch that is too long to be held: its messages are sent as they come, to the primary.
bool session::stream_messages() {
  auto& now = *work_;
  const auto bytes = input_left();
  const auto& limits = worker_.shared.settings.limits;
  wire::frame message;
  const auto status = wire::peek_frame(bytes, limits.max_message_bytes, message);
  if (status == wire::frame_status::need_header) return false;
  if (status == wire::frame_status::bad_length) {
    protocol_error("invalid message length");
    return false;
  }
  const bool has_body_to_pass = message.type == wire::frontend::query || message.type == wire::frontend::bind ||
                                message.type == wire::frontend::parse ||
                                message.type == wire::frontend::function_call;
  // Names stand at the beginning; a Parse is needed as a whole, to be repeated on other connections.
  constexpr std::size_t names_fit = 1024;
  const bool enough = message.complete() || (has_body_to_pass && message.type != wire::frontend::parse &&
                                             message.available.size() >= names_fit);
  if (!enough) {
    constexpr std::uint64_t longest_kept = 64U << 20;
    if (message.size > longest_kept) protocol_error("message is too long to be kept");
    return false;
  }
  if (!well_formed(message)) {
    protocol_error("malformed message of type '" + std::string(1, message.type) + "'");
    return false;
  }
  auto& out = worker_.out_scratch;
  out.clear();
  const bool ends = message.type == wire::frontend::query || message.type == wire::frontend::function_call ||
                    message.type == wire::frontend::sync;
  if (!deferred_begin_.empty()) {
    wire::write_query(out, std::exchange(deferred_begin_, {}));
    lease_->queue.push({reply_kind::query, true, false, 0});
  }
  if (message.type == wire::frontend::terminate) {
    end();
    return false;
  }
  // What nobody has looked at may leave anything behind.
  if (message.type == wire::frontend::query || message.type == wire::frontend::parse) lease_->soiled = true;
  send_message(message, out);
  lease_->send(out);
  lease_->read_on();
  const auto size = message.available.size();
  now.pass_left = message.size - size;
  now.pass_drop = false;
  consume(size);
  if (ends) {
    now.streaming = false;
    flight one;
    one.writes = true;
    now.flights.push_back(one);
  }
  return true;
}

void session::note_effects(const routing::statement& what) {
  auto& now = *work_;
  now.touched_settings.insert(now.touched_settings.end(), what.settings.begin(), what.settings.end());
  resets_all_ |= what.resets_all_settings;
  discards_all_ |= what.discards_all;
  if (what.pin != routing::pin_reason::none) pin(what.pin);
  ending_.all |= what.deallocates_all;
}

void session::pin(routing::pin_reason why) {
  if (lease_->node() != worker_.view().primary) {
    // State that must not be met by the next session; this one does not stay.
    lease_->soiled = true;
    return;
  }
  worker_.probe.pinned(static_cast<std::size_t>(why));
  pinned_ = true;
}

void session::count_route(routing::route_reason reason) {
  const auto& facts = work_->facts;
  const auto node = lease_->node();
  const bool read = facts.kind == statement_kind::read || facts.kind == statement_kind::begin_read_only;
  auto& last = last_route_;
  last.plan = work_->plan;
  last.plan.node = node;
  last.reason = reason;
  last.level = read ? work_->need.level : config::level::primary;
  last.statement = facts.statements.empty() ? nullptr : facts.statements.back();
  if (read) {
    worker_.probe.read_routed(node, static_cast<std::size_t>(last.level), static_cast<std::size_t>(reason));
  } else {
    worker_.probe.write_routed(node);
  }
  if (worker_.shared.settings.pool.mode == config::pool_mode::session && !pinned_) pin(routing::pin_reason::pool_mode);
}

}  // namespace highwater::proxy
