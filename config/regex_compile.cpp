// From the text of a regular expression to its program, by descent: alternation, branch, piece, atom.

#include <utility>

#include "config/regex.hpp"
#include "config/regex_bytes.hpp"

namespace highwater::config {
namespace {

using instruction = regex::instruction;
using kind = instruction::kind;
using program = regex::program;

constexpr int unlimited = -1;
constexpr int most_times = 255;  // as PostgreSQL's

struct times {
  int least = 0;
  int most = unlimited;
  bool lazy = false;  // as few as will do
};

void append(program& to, const program& more) {
  if (to.size() + more.size() > regex::most_instructions) throw bad_regex{"that repeats less: this one is too large"};
  to.insert(to.end(), more.begin(), more.end());
}

instruction step(kind what, std::size_t by = 1) {
  return {what, static_cast<std::int16_t>(by), 1, {}};
}

// Into what follows, or past it.
instruction fork(std::size_t past, bool prefer_past) {
  instruction result{kind::split, 1, static_cast<std::int16_t>(past), {}};
  if (prefer_past) std::swap(result.first, result.second);
  return result;
}

// To what stands so far before; a split may also go on.
instruction back(kind what, std::size_t by, bool prefer_on = false) {
  instruction result{what, static_cast<std::int16_t>(-static_cast<int>(by)), 1, {}};
  if (prefer_on) std::swap(result.first, result.second);
  return result;
}

program either(const program& one, const program& other) {
  program result{fork(one.size() + 2, false)};
  append(result, one);
  append(result, {step(kind::jump, other.size() + 1)});
  append(result, other);
  return result;
}

program maybe(const program& one, bool lazy) {
  program result{fork(one.size() + 1, lazy)};
  append(result, one);
  return result;
}

program any_times(const program& one, bool lazy) {
  program result{fork(one.size() + 2, lazy)};
  append(result, one);
  append(result, {back(kind::jump, one.size() + 1)});
  return result;
}

program repeated(const program& one, const times& often) {
  if (often.least == 0 && often.most == unlimited) return any_times(one, often.lazy);
  program result;
  for (int count = 0; count < often.least; ++count) append(result, one);
  if (often.most == unlimited) append(result, {back(kind::split, one.size(), often.lazy)});
  program rest;
  for (int count = often.least; count < often.most; ++count) {
    program longer = one;
    append(longer, rest);
    rest = maybe(longer, often.lazy);
  }
  append(result, rest);
  return result;
}

class parser {
public:
  explicit parser(std::string_view text) : rest_(text) {}

  program whole() {
    program result = alternation();
    if (!rest_.empty()) throw bad_regex{"without a ) that has no ("};
    append(result, {step(kind::accept)});
    return result;
  }
  std::size_t groups() const { return groups_; }

private:
  program alternation() {
    program result = branch();
    while (take("|")) result = either(result, branch());
    return result;
  }

  program branch() {
    program result;
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') append(result, piece());
    return result;
  }

  program piece() {
    if (quantifier()) throw bad_regex{"where *, +, ? and {…} follow what they repeat"};
    const bool begins = take("^");
    const bool is_place = begins || take("$");
    const program one = is_place ? program{step(begins ? kind::begin : kind::end)} : atom();
    const auto often = quantifier();
    if (often && (is_place || quantifier())) throw bad_regex{"where *, +, ? and {…} follow what they repeat"};
    return often ? repeated(one, *often) : one;
  }

  program atom() {
    if (take("(?:")) return inside(false);
    if (rest_.starts_with("(?")) throw bad_regex{"without lookaround and options, (?…)"};
    if (take("(")) return inside(++groups_ == 1);
    return {{kind::bytes, 1, 1, take_bytes(rest_)}};
  }

  // Of a pair of parentheses. Only the first that captures is asked for.
  program inside(bool captured) {
    program result;
    if (captured) append(result, {step(kind::open)});
    append(result, alternation());
    if (!take(")")) throw bad_regex{"with a ) for each ("};
    if (captured) append(result, {step(kind::close)});
    return result;
  }

  std::optional<times> quantifier() {
    times result;
    const bool is_bound = rest_.size() > 1 && rest_[0] == '{' && is_digit(rest_[1]);
    if (is_bound) {
      result = bound();
    } else if (take("+")) {
      result.least = 1;
    } else if (take("?")) {
      result.most = 1;
    } else if (!take("*")) {
      return std::nullopt;
    }
    result.lazy = take("?");
    return result;
  }

  times bound() {
    take("{");
    times result;
    result.least = result.most = number();
    if (take(",")) result.most = rest_.starts_with('}') ? unlimited : number();
    if (!take("}") || (result.most != unlimited && result.most < result.least)) {
      throw bad_regex{"with {m}, {m,} or {m,n}, m not above n"};
    }
    return result;
  }

  int number() {
    int result = 0;
    bool any = false;
    for (; !rest_.empty() && is_digit(rest_.front()) && result <= most_times; rest_.remove_prefix(1)) {
      result = result * 10 + (rest_.front() - '0');
      any = true;
    }
    if (!any || result > most_times) throw bad_regex{"that repeats from 0 to 255 times"};
    return result;
  }

  bool take(std::string_view what) {
    if (!rest_.starts_with(what)) return false;
    rest_.remove_prefix(what.size());
    return true;
  }

  static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

  std::string_view rest_;
  std::size_t groups_ = 0;
};

}  // namespace

regex::compiled regex::compile(std::string_view text) {
  if (text.size() > longest) return {std::nullopt, "of at most " + std::to_string(longest) + " bytes"};
  try {
    parser from(text);
    program whole = from.whole();
    return {regex(std::move(whole), from.groups()), {}};
  } catch (const bad_regex& why) {
    return {std::nullopt, std::string(why.expected)};
  }
}

}  // namespace highwater::config
