#include "proxy/client/reception.hpp"

#include <algorithm>
#include <utility>

#include "proxy/client/conversation.hpp"
#include "proxy/client/passing.hpp"
#include "proxy/client/replies.hpp"

namespace highwater::proxy {

namespace {

// Whoever is told of DDL that is committed, or may tell others of it, must not have it judged by what was before.
void doubt_what_changed(conversation& talk) {
  if (!talk.under_way().touched.any() && !talk.under_way().logins.any()) return;
  const auto& flights = talk.under_way().flights;
  const bool ends = std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.ends; });
  if (!talk.server().idle() && !ends) return;
  tell_of_ddl(talk);
}

void send_wanted_cancel(conversation& talk) {
  talk.under_way().held.cancel_wanted = false;
  talk.connection().cancel([told = std::exchange(talk.under_way().cancel_over, {})] {
    for (const auto& over : told) over();
  });
}

// Of several that are answered at once, the last one's time stands for all. What is waited for is in it.
void note_times(conversation& talk, const replies::effects& due, routing::instant now) {
  if (due.queries == 0) return;
  const auto since = [now](routing::instant then) {
    return std::chrono::duration_cast<std::chrono::microseconds>(now - then);
  };
  auto& client = talk.client;
  auto& usage = talk.kind->database.usage;
  if (client.began == routing::never) client.began = client.requested;
  usage.query_time += since(client.requested);
  if (due.transactions != 0) usage.transaction_time += since(std::exchange(client.began, routing::never));
  usage.queries += due.queries;
  usage.transactions += due.transactions;
  client.answered += due.queries;
  client.transactions += due.transactions;
}

void do_what_is_due(conversation& talk, const replies::effects& due) {
  if (due.plans_outdated != 0)
    talk.worker.shared.schema_changes.fetch_add(due.plans_outdated, std::memory_order_relaxed);
  if (due.write_acknowledged) talk.worker.shared.monitor.expect_read(talk.client.floors.written.event);
  if (due.schema_changed) schema_has_changed(talk);
  if (due.cancel_due) send_wanted_cancel(talk);
  if (due.syncs_doubted) ask_for_late_syncs(talk);
  if (due.answered && talk.under_way().flights.empty()) talk.work->vacant = nullptr;
}

void forward_notifications(conversation& talk, std::string_view among) {
  wire::frame message;
  while (wire::peek_frame(among, wire::reply_reader::max_held, message) == wire::frame_status::ok) {
    if (message.type == wire::backend::notification_response) forward_notification(talk, message.available);
    among.remove_prefix(message.available.size());
  }
}

}  // namespace

void note_told(conversation& talk, routing::instant now) {
  doubt_what_changed(talk);
  const auto node = talk.server().node();
  const auto life = talk.server().proved();
  // Which of the batches under way these bytes answer is not known yet; those that they do not will be told of again.
  const auto& flights = talk.under_way().flights;
  if (talk.under_way().streaming ||
      std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.writes; })) {
    talk.client.floors.written.raise(now);
    talk.worker.shared.domain.told_of_write(now);
  }
  talk.client.floors.has_read(node, life, now, talk.under_way().held.on_replica);
  talk.worker.shared.domain.told_of_read(node, life, now);
}

void tell_of_ddl(conversation& talk) {
  if (talk.under_way().touched.any())
    talk.worker.shared.catalogs.out_of_date(talk.kind->database.name, talk.under_way().touched);
  if (!talk.under_way().logins.any()) return;
  for (const auto& each : talk.under_way().logins.scopes) {
    if (!each.database.empty()) talk.worker.shared.catalogs.replaced(each.database);
  }
  talk.worker.shared.logins.changed(talk.under_way().logins.scopes, std::chrono::steady_clock::now());
}

void schema_has_changed(conversation& talk) {
  talk.worker.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
  talk.worker.shared.catalogs.out_of_date(talk.kind->database.name, {});
}

received take_replies(conversation& talk, std::string_view bytes) {
  // Before the first byte is on its way: whoever is told of it can tell others.
  const auto now = std::chrono::steady_clock::now();
  note_told(talk, now);
  replies given(talk.under_way(), talk.client, talk.keeps_one_server());
  received what{talk.server().take(bytes, given)};
  const auto& due = given.what_is_due();
  note_times(talk, due, now);
  do_what_is_due(talk, due);
  talk.write(given.text());
  if (!due.begin_failed.empty()) {
    what.what = received::outcome::begin_failed;
    what.why.message = due.begin_failed;
  } else if (what.read.what == wire::reply_reader::outcome::violation) {
    what.what = received::outcome::violation;
  } else if (!due.last_words.code.empty()) {
    what.what = received::outcome::last_words;
    what.why = due.last_words;
  }
  return what;
}

inquired take_inquiry(conversation& talk, std::string_view bytes) {
  inquired what;
  std::size_t at = 0;
  wire::frame message;
  while (wire::peek_frame(bytes.substr(at), wire::reply_reader::max_held, message) == wire::frame_status::ok &&
         message.complete()) {
    at += message.available.size();
    if (message.type == wire::backend::data_row) what.row = message.body();
    if (message.type == wire::backend::error_response) what.row = {};
    if (message.type != wire::backend::ready_for_query) continue;
    forward_notifications(talk, bytes.substr(0, at));
    talk.server().taken_whole();
    what.size = at;
    return what;
  }
  return {};
}

void forward_notification(conversation& talk, std::string_view message) {
  note_told(talk, std::chrono::steady_clock::now());
  talk.write(message);
}

}  // namespace highwater::proxy
