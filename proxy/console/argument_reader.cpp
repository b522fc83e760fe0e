#include "proxy/console/argument_reader.hpp"

#include <charconv>

#include "proxy/console/complaints.hpp"
#include "proxy/console/session_settings.hpp"

namespace highwater::console {

std::optional<wire::error> argument_reader::read() {
  using enum arguments;
  switch (row_.takes) {
    case none:
      return at_end();
    case a_database:
    case a_node:
      return subject();
    case maybe_database:
      return next() == nullptr ? complaint() : subject();
    case a_client:
      return client();
    case a_view:
      return shown();
    case a_setting:
      return setting();
    case a_mode:
      return mode();
    case a_statement:
      return statement();
    case a_selection:
      return selection();
    case a_transaction:
      return skip("transaction") ? complaint() : wrong();
    case work_or_transaction:
      return transaction();
    case anything:
      return std::nullopt;
  }
  return std::nullopt;
}

bool argument_reader::skip(std::string_view keyword) noexcept {
  const bool there = next() != nullptr && next()->reads(keyword);
  at_ += there;
  return there;
}

bool argument_reader::skip(char symbol) noexcept {
  const bool there = next() != nullptr && next()->is_symbol(symbol);
  at_ += there;
  return there;
}

std::string argument_reader::rest() const {
  std::string text;
  for (auto at = at_; at < all_.size(); ++at) text += (text.empty() ? "" : " ") + all_[at].text;
  return text;
}

std::optional<wire::error> argument_reader::wrong() const {
  return syntax_error_at(next() == nullptr ? std::string_view() : next()->text, row_.usage);
}

std::optional<wire::error> argument_reader::at_end() const {
  return next() == nullptr ? complaint() : wrong();
}

std::optional<wire::error> argument_reader::subject() {
  if (next() == nullptr || next()->is == word::kind::symbol || next()->text.empty()) return wrong();
  made_.subject = next()->text;
  ++at_;
  return at_end();
}

std::optional<wire::error> argument_reader::client() {
  if (next() == nullptr) return wrong();
  const auto& text = next()->text;
  const auto* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, made_.client);
  if (failure != std::errc() || stop != end) return wrong();
  ++at_;
  return at_end();
}

std::optional<wire::error> argument_reader::mode() {
  if (skip("wait_for_servers")) {
    made_.mode = shutdown_mode::wait_for_servers;
  } else if (skip("wait_for_clients")) {
    made_.mode = shutdown_mode::wait_for_clients;
  }
  return at_end();
}

std::optional<wire::error> argument_reader::statement() {
  skip("prepare");
  return skip("all") ? at_end() : subject();
}

std::optional<wire::error> argument_reader::transaction() {
  if (!skip("work")) skip("transaction");
  return at_end();
}

// SELECT 1, SELECT version(): how one looks whether somebody is there, and who.
std::optional<wire::error> argument_reader::selection() {
  constexpr std::size_t longest = 9;  // of what fits into an int4 for certain
  if (next() == nullptr) return wrong();
  const auto& first = *next();
  ++at_;
  if (first.reads("version") || first.reads("pg_catalog.version")) {
    made_.subject = "version";
    if (skip('(') && skip(')') && next() == nullptr) return std::nullopt;
    return no_sql("SELECT");
  }
  made_.subject = first.text;
  const bool number = first.is == word::kind::plain && first.text.size() <= longest &&
                      first.text.find_first_not_of("0123456789") == std::string::npos;
  return number && next() == nullptr ? complaint() : no_sql("SELECT");
}

std::optional<wire::error> argument_reader::shown() {
  if (next() == nullptr) return wrong();
  const auto name = rest();
  for (const auto& each : view_rows()) {
    if (!same_keyword(to_string(each.shows), name)) continue;
    made_.shows = each.shows;
    return std::nullopt;
  }
  if (const auto* const missing = find_missing("SHOW " + name)) return not_supported(missing->words, missing->instead);
  const auto* const setting = find_setting(name);
  if (setting == nullptr) return unknown_parameter(name);
  made_.what = verb::show_setting;
  made_.subject = setting->shown.name;
  return std::nullopt;
}

// What is PostgreSQL's to set in a session means nothing here, but drivers set it.
std::optional<wire::error> argument_reader::setting() {
  const bool of_session = skip("session") || skip("local");
  if (skip("characteristics") || skip("transaction") || skip("names")) return keep();
  if (skip("time")) return skip("zone") ? keep() : wrong();
  return assignment(of_session);
}

std::optional<wire::error> argument_reader::assignment(bool of_session) {
  if (next() == nullptr || next()->is == word::kind::symbol || next()->is == word::kind::string) return wrong();
  made_.subject = next()->text;
  ++at_;
  if (!skip('=') && !skip("to")) return wrong();
  if (auto why = value()) return why;
  const auto* const known = find_setting(made_.subject);
  if (known != nullptr) return known->settable ? keep() : cannot_be_changed(known->shown.name);
  return of_session ? unknown_parameter(made_.subject) : complaint();
}

// A list keeps its commas.
std::optional<wire::error> argument_reader::value() {
  do {
    if (next() == nullptr || next()->is == word::kind::symbol) return wrong();
    made_.value += (made_.value.empty() ? "" : ", ") + next()->text;
    ++at_;
  } while (skip(','));
  return at_end();
}

std::optional<wire::error> argument_reader::keep() {
  made_.what = verb::keep_setting;
  made_.subject.clear();
  made_.value.clear();
  return std::nullopt;
}

}  // namespace highwater::console
