#include "routing/shape_key.hpp"

#include <array>

#include "routing/hint.hpp"

namespace highwater::routing {
namespace {

enum char_class : std::uint8_t {
  bad,  // control characters and what else cannot begin a token
  space,
  word,  // letters, underscore, bytes of multibyte characters: begins an identifier or keyword
  digit,
  quote,
  dquote,
  dollar,
  dot,
  oper,  // may be part of an operator
  self,  // a token of its own
};

constexpr std::array<char_class, 256> make_classes() {
  std::array<char_class, 256> table{};
  for (int c = 0x80; c < 0x100; ++c) table[c] = word;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = word;
  for (int c = '0'; c <= '9'; ++c) table[c] = digit;
  for (const char c : std::string_view(" \t\n\r\f")) table[static_cast<unsigned char>(c)] = space;
  for (const char c : std::string_view("~!@#^&|`?+-*/%<>=")) table[static_cast<unsigned char>(c)] = oper;
  for (const char c : std::string_view(",()[];:")) table[static_cast<unsigned char>(c)] = self;
  table['_'] = word;
  table['\''] = quote;
  table['"'] = dquote;
  table['$'] = dollar;
  table['.'] = dot;
  return table;
}
constexpr auto classes = make_classes();

char_class class_of(char c) {
  return classes[static_cast<unsigned char>(c)];
}
bool continues_word(char c) {
  const auto kind = class_of(c);
  return kind == word || kind == digit || kind == dollar;
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// One pass over one text. Every method that reads a token returns false if it is not sure of it.
class key_maker {
public:
  key_maker(std::string_view sql, char* out) : at_(sql.data()), end_(at_ + sql.size()), out_(out), begin_(out) {}

  shape run() {
    while (at_ != end_) {
      if (!token()) return found_;
    }
    found_.ok = true;
    return found_;
  }
  std::size_t length() const { return static_cast<std::size_t>(out_ - begin_); }

private:
  bool token() {
    switch (class_of(*at_)) {
      case space:
        return ++at_, gap_ = true;
      case word:
        return begin_token(), identifier();
      case self:
        return begin_token(), put(*at_++), true;
      case digit:
        return begin_token(), number();
      case dot:
        return begin_token(), peek(1, digit) ? number() : (put(*at_++), true);
      case oper:
        return operator_or_comment();
      case quote:
        return begin_token(), string_literal(false);
      case dquote:
        return begin_token(), quoted_identifier();
      case dollar:
        return begin_token(), dollar_token();
      case bad:
        return false;
    }
    return false;
  }

  void begin_token() {
    ++found_.tokens;
    if (gap_ && out_ != begin_) *out_++ = ' ';
    gap_ = false;
  }
  void put(char c) { *out_++ = c; }
  std::ptrdiff_t left() const { return end_ - at_; }
  bool peek(std::ptrdiff_t ahead, char_class kind) const { return left() > ahead && class_of(at_[ahead]) == kind; }
  bool peek(std::ptrdiff_t ahead, char c) const { return left() > ahead && at_[ahead] == c; }

  bool identifier() {
    const char* const start = at_;
    do put(*at_++);
    while (at_ != end_ && continues_word(*at_));
    if (at_ - start != 1 || at_ == end_) return true;
    return after_one_letter(lower(*start));
  }

  // A single letter may announce a special kind of string: E'', B'', X'', N'', U&''. B, X and N stay in the key: they
  // are other tokens to the grammar than a string is.
  bool after_one_letter(char letter) {
    if (letter == 'u' && peek(0, '&')) {
      if (peek(1, dquote)) return false;
      if (!peek(1, quote)) return true;
      --out_;
      ++at_;
      return string_literal(false);
    }
    if (!peek(0, quote)) return true;
    if (letter == 'e') --out_;
    if (letter == 'b' || letter == 'x' || letter == 'n') out_[-1] = letter;
    return string_literal(letter == 'e');
  }

  bool string_literal(bool backslashes) {
    put(string_marker);
    for (++at_; at_ != end_; ++at_) {
      if (*at_ == '\\' && backslashes) {
        if (++at_ == end_) return false;
      } else if (*at_ == '\'') {
        if (!peek(1, quote)) return ++at_, !continued();
        ++at_;
      } else if (*at_ == '\0') {
        return false;
      }
    }
    return false;
  }

  // A string goes on after a gap that holds a newline, and in no other gap: 'a' 'b' means two things. Rare, so refused.
  bool continued() const {
    const char* next = at_;
    while (next != end_ && (class_of(*next) == space || *next == '-')) {
      if (*next == '-') {
        if (end_ - next < 2 || next[1] != '-') return false;
        while (next != end_ && *next != '\n' && *next != '\r') ++next;
        continue;
      }
      ++next;
    }
    return next != at_ && next != end_ && *next == '\'';
  }

  bool quoted_identifier() {
    put(*at_++);
    for (; at_ != end_; ++at_) {
      if (*at_ == '\0') return false;
      put(*at_);
      if (*at_ != '"') continue;
      if (!peek(1, dquote)) return ++at_, true;
      put(*++at_);
    }
    return false;
  }

  void digits() {
    while (at_ != end_ && class_of(*at_) == digit) ++at_;
  }
  bool number() {
    put(number_marker);
    digits();
    if (peek(0, '.')) ++at_, digits();
    if (at_ != end_ && lower(*at_) == 'e') {
      ++at_;
      if (peek(0, '+') || peek(0, '-')) ++at_;
      if (!peek(0, digit)) return false;
      digits();
    }
    return nothing_glued();
  }
  bool nothing_glued() const { return at_ == end_ || (!continues_word(*at_) && *at_ != '.'); }

  bool dollar_token() {
    if (!peek(1, digit)) return dollar_string();
    do put(*at_++);
    while (at_ != end_ && class_of(*at_) == digit);
    return nothing_glued();
  }

  bool dollar_string() {
    const char* close = at_ + 1;
    if (close != end_ && class_of(*close) == digit) return false;
    while (close != end_ && (class_of(*close) == word || class_of(*close) == digit)) ++close;
    if (close == end_ || *close != '$') return false;
    const std::string_view delimiter(at_, static_cast<std::size_t>(close + 1 - at_));
    const std::string_view rest(close + 1, static_cast<std::size_t>(end_ - close - 1));
    const auto length = rest.find(delimiter);
    if (length == std::string_view::npos || rest.substr(0, length).find('\0') != std::string_view::npos) return false;
    at_ = rest.data() + length + delimiter.size();
    put(string_marker);
    return true;
  }

  bool comment_here() const { return (peek(0, '-') && peek(1, '-')) || (peek(0, '/') && peek(1, '*')); }
  bool operator_or_comment() {
    if (comment_here()) return gap_ = true, *at_ == '-' ? line_comment() : block_comment();
    begin_token();
    do put(*at_++);
    while (at_ != end_ && class_of(*at_) == oper && !comment_here());
    return true;
  }

  bool line_comment() {
    while (at_ != end_ && *at_ != '\n' && *at_ != '\r') {
      if (*at_++ == '\0') return false;
    }
    return true;
  }

  bool block_comment() {
    at_ += 2;
    const char* const inside = at_;
    for (int depth = 1; left() >= 2; ++at_) {
      if (*at_ == '\0') return false;
      if (at_[0] == '/' && at_[1] == '*')
        ++depth, ++at_;
      else if (at_[0] == '*' && at_[1] == '/' && --depth == 0) {
        take_hint({inside, static_cast<std::size_t>(at_ - inside)});
        return at_ += 2, true;
      } else if (at_[0] == '*' && at_[1] == '/')
        ++at_;
    }
    return false;
  }

  void take_hint(std::string_view comment) {
    const auto given = parse_hint(comment);
    if (!given) return;
    if (given->level) found_.hint_level = given->level;
    found_.bad_hint |= given->bad;
  }

  const char* at_;
  const char* const end_;
  char* out_;
  char* const begin_;
  bool gap_ = false;
  shape found_;
};

}  // namespace

shape make_shape_key(std::string_view sql, std::string& key) {
  // No token is shorter than what stands for it, so the text's own length is always enough.
  key.resize(sql.size());
  key_maker maker(sql, key.data());
  const shape found = maker.run();
  key.resize(maker.length());
  return found;
}

}  // namespace highwater::routing
