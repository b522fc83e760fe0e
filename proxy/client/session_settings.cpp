#include <algorithm>
#include <cctype>
#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using wire::reply_kind;

// All that was sent has been answered.
void session::exchange_over() {
  if (lease_ == nullptr || lease_->status != wire::transaction_status::idle) {
    held_.batch_failed = held_.discards_all = false;  // DISCARD ALL does nothing in a transaction
    return;
  }
  held_.in_read_only = held_.settings_unknown = false;
  const bool failed = std::exchange(held_.batch_failed, false);
  auto& changes = work_->changes;
  const auto outcome = changes.over(failed || held_.rolled_back, *lease_->current_settings());
  if (outcome == settings_exchange::outcome::reset) reset_settings();
  if (std::exchange(held_.discards_all, false) && !failed) {
    unpin();
    lease_->soiled = false;
  }
  if (outcome == settings_exchange::outcome::inquire) return inquire();
  keep_or_release();
}

// RESET ALL and DISCARD ALL lead back to what the client logged in with.
void session::reset_settings() {
  lease_->assume(no_settings());
  adopt_settings(startup_settings_);
  tell_parameters();
  level_.reset(false, false);
}

// A RESET leads back to what the client logged in with; the server, which does not know that, has told it of its own
// default.
void session::tell_parameters() {
  const auto known = worker_.welcomes.find({kind_->user, kind_->database.name, *startup_settings_});
  if (startup_settings_->empty() || known == worker_.welcomes.end()) return;
  std::string out;
  std::string_view left = known->second.parameters;
  wire::frame message;
  while (wire::peek_frame(left, wire::reply_reader::max_held, message) == wire::frame_status::ok) {
    const auto one = wire::read_parameter_status(message.body());
    auto name = std::string(one ? one->name : "");
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto at_login = find(*startup_settings_, name);
    if (at_login && at_login == find(*settings_, name)) out.append(message.available);
    left.remove_prefix(message.available.size());
  }
  write_client(out);
}

// What the settings are after an exchange that changed some only the server knows.
void session::inquire() {
  stage_ = stage::inquiring;
  std::string request;
  wire::write_query(request, work_->changes.inquiry());
  lease_->queue.push({reply_kind::query, true, false, 0});
  lease_->unnamed = 0;
  lease_->send(request);
  lease_->read_on();
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
    inquired(row);
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
  lease_->queue.clear();
  stage_ = stage::ready;
  auto now = work_->changes.answered(row, *settings_, *lease_->current_settings(), *startup_settings_);
  work_->changes.clear();
  if (now) {
    lease_->assume(worker_.interner.intern(std::move(now->on_server)));
    adopt_settings(worker_.interner.intern(std::move(now->own)));
    tell_parameters();
  } else {
    lease_->soiled = true;
  }
  keep_or_release();
}

// The exchange is over. A session that keeps its connection wants its settings there at once.
void session::keep_or_release() {
  if (!held_.pinned) return release();
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
