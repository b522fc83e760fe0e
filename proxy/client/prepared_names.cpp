#include "proxy/client/prepared_names.hpp"

#include <algorithm>
#include <utility>

#include "proxy/wire/names.hpp"

namespace highwater::proxy {

// What stands beside the text counts too, so that there is no end of empty ones either.
std::size_t prepared_names::cost(std::string_view name, std::size_t text) noexcept {
  constexpr std::size_t beside = 128;
  return beside + wire::cut_name(name).size() + text;
}

named_statement prepared_names::exchange(std::string_view name, slot& of, named_statement after) noexcept {
  if (!name.empty()) {
    if (of.is.what) bytes_ -= cost(name, of.is.what->size());
    if (after.what) bytes_ += cost(name, after.what->size());
  }
  return std::exchange(of.is, std::move(after));
}

prepared_names::slot* prepared_names::find_slot(std::string_view name) noexcept {
  if (name.empty()) return &unnamed_;
  const auto found = names_.find(wire::cut_name(name));
  return found == names_.end() ? nullptr : &found->second;
}

named_statement* prepared_names::find(std::string_view name) noexcept {
  auto* found = find_slot(name);
  return found != nullptr && found->is.what ? &found->is : nullptr;
}

const named_statement* prepared_names::find(std::string_view name) const noexcept {
  return const_cast<prepared_names*>(this)->find(name);
}

bool prepared_names::is_pending(std::string_view name) const noexcept {
  if (pending_.empty()) return false;
  const auto* found = const_cast<prepared_names*>(this)->find_slot(name);
  return found != nullptr && found->changes != 0;
}

std::string_view prepared_names::name_of(statement_id id) const noexcept {
  const auto found =
      std::ranges::find_if(names_, [&](const auto& one) { return one.second.is.what && one.second.is.what->id == id; });
  return found == names_.end() ? std::string_view() : std::string_view(found->first);
}

void prepared_names::begin_change(std::string_view name, named_statement after) {
  name = wire::cut_name(name);
  auto* of = find_slot(name);
  if (of == nullptr) of = &names_[std::string(name)];
  const auto number = pending_.next_number();
  if (of->changes++ != 0) pending_[of->newest].later = number;
  of->newest = number;
  pending_.push({std::string(name), exchange(name, *of, std::move(after))});
}

void prepared_names::add(std::string_view name, named_statement what) {
  begin_change(name, std::move(what));
}

void prepared_names::remove(std::string_view name) {
  begin_change(name, {});
}

void prepared_names::replace(std::string_view name, prepared_ptr what) noexcept {
  auto* of = find_slot(name);
  if (of == nullptr || !of->is.what) return;
  auto told = of->is.told;
  exchange(name, *of, {std::move(what), std::move(told)});
}

void prepared_names::clear_named() {
  boost::unordered::erase_if(names_, [&](auto& one) {
    if (one.second.changes != 0) return false;
    exchange(one.first, one.second, {});
    return true;
  });
  for (auto& one : pending_) {
    if (!one.name.empty()) one.before = {};
  }
}

// Names that do not exist are kept only as long as something about them is pending.
void prepared_names::tidy(std::string_view name, const slot& of) noexcept {
  if (name.empty() || of.changes != 0 || of.is.what) return;
  names_.erase(names_.find(name));
}

prepared_names::change prepared_names::end_change(slot*& of) {
  auto ended = pending_.pop();
  of = find_slot(ended.name);
  --of->changes;
  return ended;
}

void prepared_names::confirm() noexcept {
  if (!has_pending()) return;
  slot* of = nullptr;
  const auto ended = end_change(of);
  tidy(ended.name, *of);
}

void prepared_names::revoke() {
  if (!has_pending()) return;
  slot* of = nullptr;
  auto undone = end_change(of);
  if (of->changes == 0) {
    exchange(undone.name, *of, std::move(undone.before));
  } else {
    // What a later one takes back is what this one has taken back.
    pending_[undone.later].before = std::move(undone.before);
  }
  tidy(undone.name, *of);
}

// A Parse of the unnamed statement that fails has dropped the one before first (exec_parse_message() in PostgreSQL).
void prepared_names::fail() {
  if (has_pending() && pending_.front().name.empty()) pending_.front().before = {};
  revoke();
}

void prepared_names::end_query(unsigned changes, bool deallocated) {
  for (; changes > 0 && has_pending(); --changes) {
    pending_.front().name.empty() || deallocated ? confirm() : revoke();
  }
}

void prepared_names::revoke_all() {
  while (has_pending()) revoke();
  describing_.clear();
}

void prepared_names::await_description(std::string_view name, prepared_ptr of) {
  describing_.push({std::string(name), std::move(of)});
}

bool prepared_names::described(const description_ptr& as) {
  const auto [name, what] = describing_.pop();
  if (!what->described) what->described = as;
  const bool same = *what->described == *as;
  auto* found = find(name);
  if (found != nullptr && found->what == what && !found->told) found->told = same ? what->described : as;
  return same;
}

}  // namespace highwater::proxy
