#include "routing/sql/internal_text.hpp"

#include "routing/sql/words.hpp"

namespace highwater::sql {
namespace {

class word_reader {
public:
  explicit word_reader(std::string_view sql) : sql_(sql) { advance(); }

  bool take(std::string_view text) {
    if (!word_ || word_->text != text || word_->what == sql_word::kind::string) return false;
    advance();
    return true;
  }
  std::string take_bare() {
    std::string text = word_ && word_->what == sql_word::kind::bare ? word_->text : std::string();
    advance();
    return text;
  }
  // What is not closed is no end: the server would refuse it.
  bool at_end() const { return is_end(sql_, at_); }

private:
  void advance() {
    if (word_) at_ = word_->offset + word_->length;
    word_ = next_word(sql_, at_);
  }
  std::string_view sql_;
  std::size_t at_ = 0;  // the current word begins here, or behind a gap
  std::optional<sql_word> word_;
};

}  // namespace

std::optional<internal_command> parse_internal_text(std::string_view sql) {
  word_reader words(sql);
  internal_command command;
  command.action = internal_command::verb::set;
  if (!words.take("set")) return std::nullopt;
  command.local = words.take("local");
  if (!command.local) words.take("session");
  if (!words.take("highwater") || !words.take(".")) return std::nullopt;
  command.name = words.take_bare();
  if (!words.take("=") && !words.take("to")) return std::nullopt;
  command.value = words.take_bare();
  words.take(";");
  if (!words.at_end() || command.name.empty() || command.value.empty()) return std::nullopt;
  return command;
}

}  // namespace highwater::sql
