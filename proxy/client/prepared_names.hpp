#pragma once

// One client's prepared statements by its own names, of which servers look at the first 63 bytes; the unnamed one is
// called "". A name exists from its ParseComplete on; until then the change can be undone, because an error earlier in
// the exchange makes the server skip it.

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/client/fifo.hpp"
#include "proxy/client/prepared.hpp"

namespace highwater::proxy {

struct named_statement {
  prepared_ptr what;
  description_ptr told;  // what the client reads its rows by; null: nobody has asked the server yet
};

class prepared_names {
public:
  const named_statement* find(std::string_view name) const noexcept;
  named_statement* find(std::string_view name) noexcept;
  // The client's name for it; empty if it is the unnamed one, or has none.
  std::string_view name_of(statement_id id) const noexcept;

  std::size_t count() const noexcept { return names_.size(); }  // of named ones
  // What the named ones cost to keep, in bytes; and what one with a text of that length would.
  std::size_t bytes() const noexcept { return bytes_; }
  static std::size_t cost(std::string_view name, std::size_t text) noexcept;

  // Changes that are pending until they are confirmed or revoked, in the order in which they were made.
  void add(std::string_view name, named_statement what);
  void remove(std::string_view name);

  // At once; if something about it is pending, nothing happens.
  void forget_unnamed() noexcept {
    if (unnamed_.changes == 0) unnamed_.is = {};
  }
  // The same statement, by another name of the servers'. The client does not notice.
  void replace(std::string_view name, prepared_ptr what) noexcept;
  // DEALLOCATE ALL: every named statement is gone, but for those of changes that are pending.
  void clear_named();

  // The oldest change that is pending has happened, or the server has skipped it, or it is what failed.
  void confirm() noexcept;
  void revoke();
  void fail();
  // A Query has been answered on which so many are pending: it has ended the unnamed statement, and a named one if the
  // server said so.
  void end_query(unsigned changes, bool deallocated);
  void revoke_all();
  bool has_pending() const noexcept { return !pending_.empty(); }
  // Whether there will be such a statement is not known.
  bool is_pending(std::string_view name) const noexcept;

  // A Describe has been sent of what `name` stands for; these come in the same order. `described` returns false if the
  // statement has become another one than it was for those who prepared it before.
  void await_description(std::string_view name, prepared_ptr of);
  bool described(const description_ptr& as);
  void not_described() { describing_.pop(); }

private:
  struct slot {
    named_statement is;         // .what is null: does not exist
    std::uint32_t changes = 0;  // that are pending
    std::uint64_t newest = 0;   // of them
  };
  struct change {
    std::string name;
    named_statement before;
    std::uint64_t later = none;  // the number of the next change to the same name
  };
  static constexpr std::uint64_t none = UINT64_MAX;
  struct name_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  slot* find_slot(std::string_view name) noexcept;
  named_statement exchange(std::string_view name, slot& of, named_statement after) noexcept;
  void begin_change(std::string_view name, named_statement after);
  change end_change(slot*& of);
  void tidy(std::string_view name, const slot& of) noexcept;

  slot unnamed_;  // apart, as many clients have no other
  boost::unordered_flat_map<std::string, slot, name_hash, std::equal_to<>> names_;
  std::size_t bytes_ = 0;
  fifo<change> pending_;
  fifo<std::pair<std::string, prepared_ptr>> describing_;
};

}  // namespace highwater::proxy
