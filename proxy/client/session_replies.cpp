#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "proxy/client/replies.hpp"
#include "proxy/client/session.hpp"
#include "proxy/wire/first_reply.hpp"

namespace highwater::proxy {

std::size_t session::on_server_bytes(std::string_view bytes) {
  const auto alive = shared_from_this();
  if (stage_ == stage::inquiring) return take_inquiry(bytes);
  // Nothing has been asked yet. If it is the server's end, the connection's end follows.
  if (on_the_way()) return connection().skip(bytes);
  const auto* const known = &server();
  std::size_t used = 0;
  for (;;) {
    const auto& flights = under_way().flights;
    if (!flights.empty() && flights.front().retryable) {
      using verdict = wire::first_reply::verdict;
      const auto first = wire::judge_first_reply(bytes.substr(used), flights.front().parses);
      if (first.what == verdict::undecided) break;
      if (first.what == verdict::refused && work_->attempt.has_elsewhere(first.why, circumstances()))
        return used + refused(bytes.substr(used), first.why);
      under_way().flights.front().retryable = false;
    }
    const auto read = take_replies(bytes.substr(used));
    used += read.consumed;
    // What the client sent next may have been given another connection by now.
    if (!leased() || &server() != known || stage_ == stage::ended) return bytes.size();
    if (read.what != wire::reply_reader::outcome::stopped) break;
  }
  if (!known->owes()) under_way().held.ends_names = under_way().held.flushed = false;
  if (stage_ == stage::ready && !busy()) exchange_over();
  go_on();
  return used;
}

// Forwards what has come, up to the end of it or of a batch behind which a decision is due. Afterwards there is no
// lease if the server has said that it ends, or something that it should not have.
wire::reply_reader::result session::take_replies(std::string_view bytes) {
  // Before the first byte is on its way: whoever is told of it can tell others.
  note_told(std::chrono::steady_clock::now());
  auto& connection = under_way().connection();
  replies given(under_way(), client_, keeps_one_server());
  const auto read = connection.session().take(bytes, given);
  const auto& due = given.what_is_due();
  do_what_is_due(due);
  write_client(given.text());
  if (!due.begin_failed.empty()) {
    transaction_not_begun(due.begin_failed);
  } else if (read.what == wire::reply_reader::outcome::violation) {
    give_up_violator();
  } else if (!due.last_words.code.empty()) {
    give_up_connection(due.last_words);
  }
  return read;
}

void session::do_what_is_due(const replies::effects& due) {
  if (due.plans_outdated != 0) worker_.shared.schema_changes.fetch_add(due.plans_outdated, std::memory_order_relaxed);
  if (due.write_acknowledged) worker_.shared.monitor.expect_read(client_.floors.written.event);
  if (due.schema_changed) schema_has_changed();
  if (due.cancel_due) send_wanted_cancel();
  if (due.syncs_doubted) ask_for_late_syncs();
  if (due.answered && under_way().flights.empty()) work_->vacant = nullptr;
}

void session::transaction_not_begun(const std::string& why) {
  note_unknown_writes();
  drop_lease();
  fatal({std::string(wire::sqlstate::connection_failure), "the transaction could not be begun: " + why,
         "The outcome of the statement behind BEGIN is unknown.", "Connect again."});
}

void session::give_up_violator() {
  const auto node = server().node();
  worker_.probe.protocol_errors.add();
  spdlog::error("node {} sent something that does not belong into the protocol here: connection closed",
                node_name(node));
  give_up_connection({std::string(wire::sqlstate::protocol_violation),
                      lost_connection_to(node_name(node)) + ": it sent an invalid message", "", ""});
}

void session::send_wanted_cancel() {
  under_way().held.cancel_wanted = false;
  connection().cancel([told = std::exchange(under_way().cancel_over, {})] {
    for (const auto& over : told) over();
  });
}

// Whoever is told of DDL that is committed, or may tell others of it, must not have it judged by what was before.
void session::doubt_what_changed() {
  if (!under_way().touched.any() && !under_way().logins.any()) return;
  const auto& flights = under_way().flights;
  const bool ends = std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.ends; });
  if (!server().idle() && !ends) return;
  tell_of_ddl();
}

void session::tell_of_ddl() {
  if (under_way().touched.any()) worker_.shared.catalogs.out_of_date(kind_->database.name, under_way().touched);
  if (!under_way().logins.any()) return;
  for (const auto& each : under_way().logins.scopes) {
    if (!each.database.empty()) worker_.shared.catalogs.replaced(each.database);
  }
  worker_.shared.logins.changed(under_way().logins.scopes, std::chrono::steady_clock::now());
}

void session::note_told(routing::instant now) {
  doubt_what_changed();
  const auto node = server().node();
  const auto life = server().proved();
  // Which of the batches under way these bytes answer is not known yet; those that they do not will be told of again.
  const auto& flights = under_way().flights;
  if (under_way().streaming ||
      std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.writes; })) {
    client_.floors.written.raise(now);
    worker_.shared.domain.told_of_write(now);
  }
  client_.floors.has_read(node, life, now, under_way().held.on_replica);
  worker_.shared.domain.told_of_read(node, life, now);
}

// Its names have been told of.
void session::schema_has_changed() {
  worker_.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
  worker_.shared.catalogs.out_of_date(kind_->database.name, {});
}

// One that came between the answers to what was asked for the session's sake. It tells of a commit like any other
// answer.
void session::on_notification(std::string_view message) {
  note_told(std::chrono::steady_clock::now());
  write_client(message);
}

void session::on_server_drained() {
  const auto alive = shared_from_this();
  go_on();
}

}  // namespace highwater::proxy
