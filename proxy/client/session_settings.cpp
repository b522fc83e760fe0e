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
  held_.in_read_only = false;
  const bool failed = std::exchange(held_.batch_failed, false);
  auto& changes = work_->changes;
  const auto outcome = changes.over(failed || held_.rolled_back, *lease_->current_settings());
  if (outcome == settings_exchange::outcome::reset) reset_settings();
  if (std::exchange(held_.discards_all, false) && !failed) {
    held_.pinned = false;
    lease_->soiled = false;
  }
  if (outcome == settings_exchange::outcome::inquire) return inquire();
  keep_or_release();
}

// RESET ALL and DISCARD ALL lead back to what the client logged in with.
void session::reset_settings() {
  lease_->assume(no_settings());
  adopt_settings(startup_settings_);
  level_.reset(false, false);
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
    if (message.type == wire::backend::notification_response) on_notification(message.available);
    if (message.type != wire::backend::ready_for_query) continue;
    inquired(row);
    process();
    settle();
    return at;
  }
  return 0;
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
  const auto application = find(*settings_, "application_name").value_or("");
  if (application != kind_->application)
    kind_ = worker_.kind(kind_->user, kind_->database.name, std::string(application));
}

}  // namespace highwater::proxy
