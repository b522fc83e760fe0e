#include "proxy/monitor/secret_lookup.hpp"

#include <algorithm>
#include <string_view>

#include "proxy/monitor/secret_source.hpp"

namespace highwater::proxy {

namespace {

using std::chrono::steady_clock;
using outcome = auth::secret_answer::outcome;
using whom = looked_up::whom;

constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{2'000};
constexpr std::chrono::seconds patience{1};
constexpr std::chrono::milliseconds statement_time{5'000};
// A name is what its bytes are, as in a startup packet. What the role's or the database's own search_path is must not
// decide which function is called.
constexpr const char* server_options =
    "-c statement_timeout=3s -c lock_timeout=2s -c search_path=pg_catalog -c client_encoding=SQL_ASCII";

connection_login login_for(const config::cluster& cluster, const config::auth_query& how) {
  return {how.user,         how.password,   how.database.empty() ? cluster.monitor.database : how.database,
          "highwater auth", server_options, statement_time};
}

// None after the first: a connection that was unused may have been lost long ago.
std::chrono::milliseconds pause_after(unsigned failures) {
  if (failures == 1) return {};
  return std::min(longest_pause, first_pause * (1U << std::min(failures - 2, 10U)));
}

std::optional<std::string_view> field(const PGresult& rows, int column) {
  if (PQntuples(&rows) == 0 || PQnfields(&rows) <= column || PQgetisnull(&rows, 0, column) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(&rows, 0, column), static_cast<std::size_t>(PQgetlength(&rows, 0, column)));
}

}  // namespace

secret_lookup::secret_lookup(const config::cluster& cluster, const config::auth_query& how, view_board& board,
                             const interrupt& until)
    : cluster_(cluster), login_(login_for(cluster, how)), sql_(how.sql), board_(board), until_(until) {}

looked_up secret_lookup::look_up(const std::string& name) {
  const auto view = board_.newest();
  const auto node = secret_source(*view, node_);
  if (node != node_) connection_.reset();
  node_ = node;
  auto done = node == routing::no_node ? looked_up{.problem = "no node is in use"} : ask(name);
  if (!connection_) return nobody(std::move(done));
  failures_ = 0;
  done.asked = view->primary == node ? whom::primary : whom::replica;
  return done;
}

looked_up secret_lookup::ask(const std::string& name) {
  if (!connection_) {
    connection_.emplace(until_);
    if (!connection_->open(cluster_, cluster_.nodes[node_], login_)) return lost();
  }
  const auto rows = connection_->run(sql_, name);
  if (!rows) return connection_->refused().empty() ? lost() : refused();
  auto [answer, problem] =
      auth::judge({static_cast<std::size_t>(PQntuples(rows.get())), static_cast<std::size_t>(PQnfields(rows.get())),
                   field(*rows, 0), field(*rows, 1)},
                  name);
  return {std::move(answer), std::move(problem)};
}

looked_up secret_lookup::refused() {
  const std::string_view state = connection_->refused();
  if (state == "57014") return {.problem = on_node()};  // its own statement_timeout
  if (state == "22021") return {{outcome::unknown}};    // bytes that are no text there, and so nobody's name
  if (state.starts_with("57") || state.starts_with("53")) return lost();  // it is about the server, not the name
  return {.problem = on_node()};
}

looked_up secret_lookup::lost() {
  looked_up done{.problem = on_node()};
  connection_.reset();
  return done;
}

std::string secret_lookup::on_node() const {
  return "node " + cluster_.nodes[node_].name + ": " + connection_->problem();
}

looked_up secret_lookup::nobody(looked_up done) {
  const auto now = steady_clock::now();
  if (++failures_ == 1) failing_since_ = now;
  ready_at_ = now + (node_ == routing::no_node ? first_pause : pause_after(failures_));
  done.asked = now - failing_since_ < patience ? whom::nobody_yet : whom::nobody;
  return done;
}

}  // namespace highwater::proxy
