#pragma once

// What follows a command's word, read from left to right into the command. What is missing, or too much, is a syntax
// error there.

#include "proxy/console/command_table.hpp"
#include "proxy/console/words.hpp"

namespace highwater::console {

class argument_reader {
public:
  argument_reader(const statement_words& all, const command_row& row, command& made)
      : all_(all), row_(row), made_(made) {}

  // None: it is well said, and `made` is what it means.
  std::optional<wire::error> read();

private:
  using complaint = std::optional<wire::error>;

  const word* next() const noexcept { return at_ < all_.size() ? &all_[at_] : nullptr; }
  bool skip(std::string_view keyword) noexcept;
  bool skip(char symbol) noexcept;
  std::string rest() const;
  complaint wrong() const;
  complaint at_end() const;

  complaint subject();
  complaint client();
  complaint mode();
  complaint statement();
  complaint transaction();
  complaint selection();
  complaint shown();
  complaint setting();
  complaint assignment(bool of_session);
  complaint value();
  complaint keep();

  const statement_words& all_;
  const command_row& row_;
  command& made_;
  std::size_t at_ = 1;
};

}  // namespace highwater::console
