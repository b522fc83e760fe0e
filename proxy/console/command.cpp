#include "proxy/console/command.hpp"

#include <algorithm>
#include <utility>

#include "proxy/console/argument_reader.hpp"
#include "proxy/console/complaints.hpp"

namespace highwater::console {

namespace {

// $1 and the like stand for a value that somebody means to bind.
bool is_parameter(const word& what) noexcept {
  return what.is == word::kind::plain && what.text.size() > 1 && what.text[0] == '$' && what.text[1] >= '0' &&
         what.text[1] <= '9';
}

std::optional<wire::error> read_statement(const statement_words& words, command& made) {
  const auto& first = words.front();
  if (const auto* const missing = find_missing(first.text)) return not_supported(missing->words, missing->instead);
  const auto rows = command_rows();
  const auto row = std::ranges::find_if(rows, [&](const auto& each) { return first.reads(each.word); });
  if (row == rows.end()) return syntax_error_at(first.text, "");
  const auto parameter = std::ranges::find_if(words, is_parameter);
  if (parameter != words.end()) return no_parameter(parameter->text);
  made.what = row->what;
  made.tag = row->tag;
  return argument_reader(words, *row, made).read();
}

}  // namespace

parsed_text parse(std::string_view text) {
  parsed_text made;
  auto found = split(text);
  made.why = std::move(found.why);
  for (const auto& each : found.statements) {
    if (!made.why) made.why = read_statement(each, made.commands.emplace_back());
  }
  if (made.why) made.commands.clear();
  return made;
}

// Several words may say the same; who may say it does not depend on the word.
bool may_run(access who, const command& what) noexcept {
  if (who == access::admin) return true;
  const auto rows = command_rows();
  const auto row = std::ranges::find_if(rows, [&](const auto& each) { return each.what == what.what; });
  return row == rows.end() || row->who == access::stats;
}

}  // namespace highwater::console
