#include <algorithm>
#include <cctype>
#include <utility>

#include "proxy/client/login_reset.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

using wire::reply_kind;

namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

// All that was sent has been answered.
void session::exchange_over() {
  if (lease_ == nullptr || !server().idle()) {
    held_.batch_failed = false;
    return;
  }
  held_.in_read_only = held_.settings_unknown = held_.wrote = held_.unreadable = false;
  const bool failed = std::exchange(held_.batch_failed, false);
  held_.pins.transaction_over(failed || held_.rolled_back, held_.committed);
  auto& changes = work_->changes;
  const auto outcome = changes.over(failed || held_.rolled_back, *server().settings());
  if (outcome == settings_exchange::outcome::reset) reset_settings();
  if (outcome == settings_exchange::outcome::inquire) return inquire(changes.inquiry());
  doubt_pins();
}

// RESET ALL and DISCARD ALL lead back to what the client logged in with.
void session::reset_settings() {
  server().assume(no_settings());
  adopt_settings(startup_settings_);
  transaction_.level.reset(false, false);
}

// What is to be set again behind the statement, where the client may look before its transaction is over.
session_settings session::led_back(const sql::statement& what) {
  if (work_->alone || work_->facts.unclear) return {};
  auto& changes = work_->changes;
  const bool as_another =
      find(*settings_, "role") || find(*settings_, "session_authorization") || changes.changes_identity();
  auto again = behind_reset(what, *startup_settings_, as_another);
  changes.restored(again);
  return again;
}

void session::note_resetting(const wire::bind_names& bind) {
  auto& portals = work_->resetting_portals;
  std::erase_if(portals, [&](const auto& one) { return one.first == bind.portal; });
  const auto* known = work_->facts.resets ? find_named(bind.statement) : nullptr;
  if (known == nullptr) return;
  if (auto again = led_back(*verdict_on(known->what->query)); !again.empty())
    portals.emplace_back(bind.portal, std::move(again));
}

// In a statement and a portal of its own: the client's are its own, also the unnamed ones.
void session::lead_back_behind(std::string_view portal, std::string& out) {
  auto& portals = work_->resetting_portals;
  const auto resets = std::ranges::find(portals, portal, &std::pair<std::string, session_settings>::first);
  if (resets == portals.end()) return;
  const auto name = server_name(prepared_registry::make_private("", no_parameters)->id);
  const auto portal_name = own_statement_prefix;
  wire::write_parse(out, name, transition_sql({}, resets->second), no_parameters);
  server().expect({reply_kind::parse, true});
  wire::write_bind(out, portal_name, name);
  server().expect({reply_kind::bind, true});
  wire::write_target(out, wire::frontend::close, 'S', name);
  server().expect({reply_kind::close, true});
  wire::write_execute(out, portal_name);
  server().expect({reply_kind::execute, true});
  wire::write_target(out, wire::frontend::close, 'P', portal_name);
  server().expect({reply_kind::close, true});
}

// What the settings have come to, as far as the client does not know. A RESET leads back to what it logged in with,
// and the server has told of its own default.
void session::tell_parameters() {
  std::string out;
  for (const auto& [name, at_login] : told_.at_login()) {
    if (name == tells_of_node) continue;
    const auto is_as_at_login = [&](std::string_view key) {
      return find(*settings_, key) == find(*startup_settings_, key);
    };
    const bool as_at_login = tells_who_one_is(name) ? is_as_at_login("role") && is_as_at_login("session_authorization")
                                                    : is_as_at_login(lower_case(name));
    const auto here = find_parameter(server().parameters(), name);
    const auto value = as_at_login || !here ? std::string_view(at_login) : *here;
    if (told_.news(name, value)) wire::write_parameter_status(out, name, value);
  }
  write_client(out);
}

// What the settings are after an exchange that changed some only the server knows.
void session::inquire(std::string_view sql) {
  stage_ = stage::inquiring;
  lease_->ask_hidden(sql);
}

std::size_t session::take_inquiry(std::string_view bytes) {
  // The answer is short: it is taken as a whole, once its end is there.
  std::size_t at = 0;
  std::string_view row;
  wire::frame message;
  while (wire::peek_frame(bytes.substr(at), wire::reply_reader::max_held, message) == wire::frame_status::ok &&
         message.complete()) {
    at += message.available.size();
    if (message.type == wire::backend::data_row) row = message.body();
    if (message.type == wire::backend::error_response) row = {};
    if (message.type != wire::backend::ready_for_query) continue;
    forward_notifications(bytes.substr(0, at));
    server().taken_whole();
    stage_ = stage::ready;
    std::exchange(work_->asks_pins, false) ? pins_answered(row) : inquired(row);
    process();
    settle();
    return at;
  }
  return 0;
}

void session::forward_notifications(std::string_view among) {
  wire::frame message;
  while (wire::peek_frame(among, wire::reply_reader::max_held, message) == wire::frame_status::ok) {
    if (message.type == wire::backend::notification_response) on_notification(message.available);
    among.remove_prefix(message.available.size());
  }
}

// `row` is empty if the server did not say.
void session::inquired(std::string_view row) {
  auto now = work_->changes.answered(row, *settings_, *server().settings(), *startup_settings_);
  work_->changes.clear();
  constexpr std::size_t longest_kept = 64U << 10U;
  if (now && size_of(now->own) > longest_kept) {
    pin(sql::pin_reason::dynamic_setting);  // they stay where they are
    server().assume(settings_);
  } else if (now) {
    server().assume(worker_.interner.intern(std::move(now->on_server)));
    adopt_settings(worker_.interner.intern(std::move(now->own)));
  } else {
    server().soil();
  }
  doubt_pins();
}

// What keeps the session here may be gone.
void session::doubt_pins() {
  if (std::exchange(work_->ready_held, false)) {
    tell_parameters();
    std::string out;
    wire::write_ready_for_query(out, wire::transaction_status::idle);
    write_client(out);
  }
  const auto question = held_.pins.inquiry();
  if (question.empty()) return keep_or_release();
  work_->asks_pins = true;
  inquire(question);
}

void session::pins_answered(std::string_view row) {
  const bool temporary = held_.pins.has(sql::pin_reason::temporary_table);
  held_.pins.answered(row);
  // The schema itself stays, until it is discarded.
  if (temporary && !held_.pins.has(sql::pin_reason::temporary_table)) server().soil();
  if (!held_.pins.any()) worker_.probe.pinned_sessions.add(-1);
  keep_or_release();
}

// The exchange is over. A session that keeps its connection wants its settings there at once.
void session::keep_or_release() {
  if (!held_.pins.any()) return release();
  if (lease_->apply(settings_)) stage_ = stage::awaiting_settings;
}

void session::adopt_settings(settings_ptr now) {
  settings_ = std::move(now);
  analysed_under_ = worker_.interner.intern(for_analysis(*settings_));
  const auto application = find(*settings_, "application_name").value_or("");
  if (application != kind_->application)
    kind_ = worker_.kind(kind_->user, kind_->database.name, std::string(application));
}

}  // namespace highwater::proxy
