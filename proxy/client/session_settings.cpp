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
  if (!leased() || !server().idle()) {
    under_way().held.batch_failed = false;
    return;
  }
  auto& changes = under_way().changes;
  const auto outcome = changes.over(under_way().transaction_over(), *server().settings());
  if (outcome == settings_exchange::outcome::reset) reset_settings();
  if (outcome == settings_exchange::outcome::inquire) return inquire(changes.inquiry());
  doubt_pins();
}

// RESET ALL and DISCARD ALL lead back to what the client logged in with.
void session::reset_settings() {
  server().assume(no_settings());
  adopt_settings(client_.at_login);
  client_.transaction.level.reset(false, false);
}

// What the settings have come to, as far as the client does not know. A RESET leads back to what it logged in with,
// and the server has told of its own default.
void session::tell_parameters() {
  std::string out;
  for (const auto& [name, at_login] : client_.told.at_login()) {
    if (name == tells_of_node) continue;
    const auto is_as_at_login = [&](std::string_view key) {
      return find(*client_.settings, key) == find(*client_.at_login, key);
    };
    const bool as_at_login = tells_who_one_is(name) ? is_as_at_login("role") && is_as_at_login("session_authorization")
                                                    : is_as_at_login(lower_case(name));
    const auto here = find_parameter(server().parameters(), name);
    const auto value = as_at_login || !here ? std::string_view(at_login) : *here;
    if (client_.told.news(name, value)) wire::write_parameter_status(out, name, value);
  }
  write_client(out);
}

// What the settings are after an exchange that changed some only the server knows.
void session::inquire(std::string_view sql) {
  stage_ = stage::inquiring;
  connection().ask_hidden(sql);
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
    std::exchange(under_way().held.asks_pins, false) ? pins_answered(row) : inquired(row);
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
  auto now = under_way().changes.answered(row, *client_.settings, *server().settings(), *client_.at_login);
  under_way().changes.clear();
  constexpr std::size_t longest_kept = 64U << 10U;
  if (now && size_of(now->own) > longest_kept) {
    under_way().pin(sql::pin_reason::dynamic_setting);  // they stay where they are
    server().assume(client_.settings);
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
  if (std::exchange(under_way().held.ready_held, false)) {
    tell_parameters();
    std::string out;
    wire::write_ready_for_query(out, wire::transaction_status::idle);
    write_client(out);
  }
  const auto question = under_way().held.pins.inquiry();
  if (question.empty()) return keep_or_release();
  under_way().held.asks_pins = true;
  inquire(question);
}

void session::pins_answered(std::string_view row) {
  const bool temporary = under_way().held.pins.has(sql::pin_reason::temporary_table);
  under_way().held.pins.answered(row);
  // The schema itself stays, until it is discarded.
  if (temporary && !under_way().held.pins.has(sql::pin_reason::temporary_table)) server().soil();
  if (!under_way().held.pins.any()) worker_.probe.pinned_sessions.add(-1);
  keep_or_release();
}

// The exchange is over. A session that keeps its connection wants its settings there at once.
void session::keep_or_release() {
  if (!under_way().held.pins.any()) return release();
  if (connection().apply(client_.settings)) stage_ = stage::awaiting_settings;
}

void session::adopt_settings(settings_ptr now) {
  client_.adopt(std::move(now), worker_.interner);
  const auto application = find(*client_.settings, "application_name").value_or("");
  if (application != kind_->application)
    kind_ = worker_.kind(kind_->user, kind_->database.name, std::string(application));
}

}  // namespace highwater::proxy
