#include "proxy/server/server_session.hpp"

#include <algorithm>
#include <charconv>

namespace highwater::proxy {

using wire::reply_kind;

server_name::server_name(statement_id id) noexcept {
  auto* const number = std::copy(own_statement_prefix.begin(), own_statement_prefix.end(), text_.data());
  size_ = static_cast<std::size_t>(std::to_chars(number, text_.data() + text_.size(), id).ptr - text_.data());
}

void server_session::logged_in(login as) {
  key_ = as.key;
  parameters_ = std::move(as.parameters);
  reported_ = 0;
  server_started_ = as.server_started;
  established_ = as.established;
}

bool server_session::prove(const routing::node_view& node) noexcept {
  const bool same_server = node.started == 0 || server_started_ == node.started;
  if (proved_ == 0 && node.sampled > established_ && same_server) proved_ = node.incarnation;
  return proved_ != 0;
}

void server_session::completed(const wire::expected_reply& what) {
  unnamed_.completed(what);
  if (what.kind == reply_kind::parse) statements_.parsed(what.statement);
  if (what.kind == reply_kind::close) statements_.closed(what.statement);
}

// What it would have done to the connection it has not done.
void server_session::skipped(const wire::expected_reply& what, bool failed) {
  unnamed_.skipped(what, failed);
  if (what.statement == 0 || what.unnamed) return;
  if (what.kind == reply_kind::parse || what.kind == reply_kind::close) statements_.skipped(what.statement);
}

description_ptr server_session::described(const wire::expected_reply& what, const wire::frame& message) {
  if (message.type == wire::backend::parameter_description) {
    parameter_types_ = message.body();
    return nullptr;
  }
  const bool rows = message.type == wire::backend::row_description;
  auto told = std::make_shared<const wire::description>(
      wire::description{std::move(parameter_types_), rows ? std::string(message.body()) : ""});
  if (what.statement == unnamed()) {
    unnamed_described_ = told;
  } else {
    statements_.describe(what.statement, told);
  }
  return told;
}

// What has been used last, among others by who asks, goes last.
void server_session::close_surplus(std::size_t most, std::string& out) {
  while (const auto surplus = statements_.surplus(most)) {
    wire::write_target(out, wire::frontend::close, 'S', server_name(surplus));
    expect({reply_kind::close, true, 0, surplus});
    statements_.close(surplus, exchange_);
  }
}

void server_session::discarding() {
  soiled_ = false;
  statements_.clear();
  settings_ = no_settings();
}

void server_session::note_parameter(std::string_view name, std::string_view value) {
  put_parameter(parameters_, name, value);
  reported_ = 0;
}

std::uint64_t server_session::reported() const noexcept {
  if (reported_ == 0) reported_ = digest_of(parameters_);
  return reported_;
}

}  // namespace highwater::proxy
