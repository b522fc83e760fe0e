#include "config/regex.hpp"

#include <re2/re2.h>

namespace highwater::config {
namespace {

constexpr std::int64_t most_memory = 1 << 20;  // bytes of one expression, what it caches included

re2::RE2::Options options() {
  re2::RE2::Options result;
  result.set_encoding(re2::RE2::Options::EncodingLatin1);
  result.set_dot_nl(true);  // as in PostgreSQL: any character
  result.set_log_errors(false);
  result.set_max_mem(most_memory);
  return result;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

regex::compiled regex::compile(std::string_view text) {
  if (text.size() > longest) return {std::nullopt, "of at most " + std::to_string(longest) + " bytes"};
  auto made = std::make_shared<const re2::RE2>(piece(text), options());
  if (!made->ok()) return {std::nullopt, "as RE2 takes them: " + made->error()};
  return {regex(std::move(made)), {}};
}

std::optional<regex::match> regex::find_in(std::string_view text) const {
  re2::StringPiece found[2];  // the whole, and the first group
  const int wanted = has_group() ? 2 : 1;
  if (!compiled_->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, found, wanted)) return std::nullopt;
  if (found[1].data() == nullptr) return match{};
  return match{std::string_view(found[1].data(), found[1].size())};
}

bool regex::has_group() const noexcept {
  return compiled_->NumberOfCapturingGroups() != 0;
}

}  // namespace highwater::config
