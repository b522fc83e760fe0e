#include "routing/sql/shape_key.hpp"

#include <algorithm>

#include "routing/sql/hint.hpp"
#include "routing/sql/internal_text.hpp"
#include "routing/sql/node_settings.hpp"
#include "routing/sql/sql_chars.hpp"

namespace highwater::sql {
namespace {

using enum char_class;

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
        return punctuation();
      case digit:
        return item(&key_maker::number);
      case dot:
        return peek(1, digit) ? item(&key_maker::number) : punctuation();
      case oper:
        return operator_or_comment();
      case quote:
        return item(&key_maker::plain_string);
      case dquote:
        return begin_token(), quoted_identifier();
      case dollar:
        return item(&key_maker::dollar_token);
      case bad:
        return false;
    }
    return false;
  }

  void begin_token() {
    ++found_.tokens;
    if (gap_ && out_ != begin_) *out_++ = ' ';
    gap_ = false;
    list_ = list_state::none;
  }
  bool punctuation() {
    const bool opens = *at_ == '(' && list_ == list_state::after_in;
    const bool goes_on = *at_ == ',' && list_ == list_state::want_comma;
    begin_token();
    put(*at_++);
    if (opens) last_item_ = nullptr;
    if (opens || goes_on) list_ = list_state::want_item;
    return true;
  }

  // A literal or parameter. In a list after IN only the first of several equal ones is kept: lists of any length have
  // one key.
  bool item(bool (key_maker::*read)()) {
    const bool listed = list_ == list_state::want_item;
    begin_token();
    in_list_ = listed;
    if (!(this->*read)()) return false;
    if (!listed) return true;
    list_ = list_state::want_comma;
    if (last_item_ && last_item_[-1] == out_[-1])
      out_ = last_item_;
    else
      last_item_ = out_;
    return true;
  }
  void put(char c) { *out_++ = c; }
  std::ptrdiff_t left() const { return end_ - at_; }
  bool peek(std::ptrdiff_t ahead, char_class kind) const { return left() > ahead && class_of(at_[ahead]) == kind; }
  bool peek(std::ptrdiff_t ahead, char c) const { return left() > ahead && at_[ahead] == c; }

  bool identifier() {
    const char* const start = at_;
    do put(*at_++);
    while (at_ != end_ && continues_word(*at_));
    if (at_ - start == 2 && folded(start[0]) == 'i' && folded(start[1]) == 'n') list_ = list_state::after_in;
    if (at_ - start != 1 || at_ == end_) return true;
    return after_one_letter(folded(*start));
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

  static char marker_of(std::string_view text) {
    if (starts_folded(text, internal_prefix)) return internal_marker;
    return is_node_setting(text) ? node_setting_marker : string_marker;
  }

  bool plain_string() { return string_literal(false); }
  bool string_literal(bool backslashes) {
    const char* const inside = at_ + 1;
    for (++at_; at_ != end_; ++at_) {
      if (*at_ == '\\' && backslashes) {
        if (++at_ == end_) return false;
      } else if (*at_ == '\'') {
        if (!peek(1, quote)) {
          put(marker_of({inside, static_cast<std::size_t>(at_ - inside)}));
          return ++at_, !continued();
        }
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
    if (at_ != end_ && folded(*at_) == 'e') {
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
    const char* const start = at_++;
    digits();
    if (in_list_)
      put(parameter_marker);
    else
      out_ = std::copy(start, at_, out_);
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
    put(marker_of(rest.substr(0, length)));
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
    at_ += 2;
    const char* const inside = at_;
    while (at_ != end_ && *at_ != '\n' && *at_ != '\r') {
      if (*at_++ == '\0') return false;
    }
    take_hint({inside, static_cast<std::size_t>(at_ - inside)});
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
  enum class list_state : std::uint8_t { none, after_in, want_item, want_comma };
  list_state list_ = list_state::none;
  bool in_list_ = false;       // the item that is being read is one of a list
  char* last_item_ = nullptr;  // where the list's last item that was kept ends
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

}  // namespace highwater::sql
