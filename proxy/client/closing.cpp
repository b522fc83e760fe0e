#include "proxy/client/closing.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "proxy/client/replies.hpp"

namespace highwater::proxy {

namespace {

// Settings that are larger stay on the connection where they are, and the session with them.
constexpr std::size_t longest_kept = 64U << 10U;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

closing::step closing::over() {
  if (!server().idle()) {
    under_way_.held.batch_failed = false;
    return {};
  }
  using enum settings_exchange::outcome;
  auto& changes = under_way_.changes;
  const auto outcome = changes.over(under_way_.transaction_over(), *server().settings());
  if (outcome == reset) reset_settings();
  if (outcome != inquire) return doubt_pins();
  step_.next = move::ask;
  step_.question = changes.inquiry();
  return std::move(step_);
}

closing::step closing::answered(std::string_view row) {
  if (std::exchange(under_way_.held.asks_pins, false)) {
    under_way_.pins_answered(row);
    return finish();
  }
  settings_answered(row);
  return doubt_pins();
}

// RESET ALL and DISCARD ALL lead back to what the client logged in with.
void closing::reset_settings() {
  server().assume(no_settings());
  adopt(client_.at_login);
  client_.transaction.level.reset(false, false);
}

void closing::settings_answered(std::string_view row) {
  auto now = under_way_.changes.answered(row, *client_.settings, *server().settings(), *client_.at_login);
  under_way_.changes.clear();
  if (!now) return server().soil();
  if (size_of(now->own) > longest_kept) {
    under_way_.pin(sql::pin_reason::dynamic_setting);
    server().assume(client_.settings);
    return;
  }
  server().assume(interner_.intern(std::move(now->on_server)));
  adopt(interner_.intern(std::move(now->own)));
}

void closing::adopt(settings_ptr now) {
  client_.adopt(std::move(now), interner_);
  step_.adopted_settings = true;
}

// What the settings have come to, as far as the client does not know; in PostgreSQL's order, by name in any case.
void closing::tell_parameters() {
  parameter_list news;
  for (const auto& [name, at_login] : client_.told.at_login()) {
    if (name == tells_of_node) continue;
    const auto value = value_now(name, at_login);
    if (client_.told.news(name, value)) news.emplace_back(name, value);
  }
  std::ranges::sort(news, {}, [](const auto& one) { return lower_case(one.first); });
  for (const auto& [name, value] : news) wire::write_parameter_status(step_.told, name, value);
}

// A RESET leads back to what the client logged in with, and the server has told of its own default.
std::string_view closing::value_now(std::string_view name, std::string_view at_login) {
  const auto is_as_at_login = [&](std::string_view key) {
    return find(*client_.settings, key) == find(*client_.at_login, key);
  };
  const bool as_at_login = tells_who_one_is(name) ? is_as_at_login("role") && is_as_at_login("session_authorization")
                                                  : is_as_at_login(lower_case(name));
  const auto here = find_parameter(server().parameters(), name);
  return as_at_login || !here ? at_login : *here;
}

// What keeps the session here may be gone.
closing::step closing::doubt_pins() {
  if (std::exchange(under_way_.held.ready_held, false)) {
    tell_parameters();
    wire::write_ready_for_query(step_.told, wire::transaction_status::idle);
  }
  step_.question = under_way_.held.pins.inquiry();
  if (step_.question.empty()) return finish();
  under_way_.held.asks_pins = true;
  step_.next = move::ask;
  return std::move(step_);
}

// A replica is no place to stay at: what was prepared in its transaction ends with that.
closing::step closing::finish() {
  const auto& held = under_way_.held;
  const bool ends = held.on_replica && held.pins.has_only(sql::pin_reason::prepared_statement);
  if (ends) server().soil();
  step_.next = held.pins.any() && !ends ? move::keep : move::release;
  return std::move(step_);
}

}  // namespace highwater::proxy
