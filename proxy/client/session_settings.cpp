#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

// All that was sent has been answered.
void session::exchange_over() {
  if (leased()) close_exchange(closing(under_way(), client_, worker_.interner).over());
}

void session::close_exchange(closing::step step) {
  write_client(step.told);
  if (step.adopted_settings) follow_application();
  using enum closing::move;
  switch (step.next) {
    case none:
      return;
    case ask:
      stage_ = stage::inquiring;
      return connection().ask_hidden(step.question);
    case release:
      return this->release();
    case keep:
      if (connection().apply(client_.settings)) stage_ = stage::restoring;
      return;
  }
}

// The answer is short: it is taken as a whole, once its end is there.
std::size_t session::take_inquiry(std::string_view bytes) {
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
    close_exchange(closing(under_way(), client_, worker_.interner).answered(row));
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

void session::adopt_settings(settings_ptr now) {
  client_.adopt(std::move(now), worker_.interner);
  follow_application();
}

// Policies may be about it.
void session::follow_application() {
  const auto application = find(*client_.settings, "application_name").value_or("");
  if (application != kind_->application)
    kind_ = worker_.kind(kind_->user, kind_->database.name, std::string(application));
}

}  // namespace highwater::proxy
