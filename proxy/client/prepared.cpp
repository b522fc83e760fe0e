#include "proxy/client/prepared.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <utility>

namespace highwater::proxy {

namespace {

// Process-wide, because a server connection may move from worker to worker.
statement_id next_id() {
  static std::atomic<statement_id> last{0};
  return ++last;
}

}  // namespace

bool means_the_moment(std::string_view query) noexcept {
  constexpr std::array<std::string_view, 4> words{"now", "today", "tomorrow", "yesterday"};
  const auto begins = [](std::string_view text, std::string_view word) {
    return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), [](char lower, char any) {
             return lower == std::tolower(static_cast<unsigned char>(any));
           });
  };
  for (auto quote = query.find('\''); quote != std::string_view::npos; quote = query.find('\'', quote + 1)) {
    const auto inside = query.substr(std::min(query.size(), query.find_first_not_of(" \t\r\n", quote + 1)));
    if (std::ranges::any_of(words, [&](std::string_view word) { return begins(inside, word); })) return true;
  }
  return false;
}

prepared_ptr prepared_registry::make_private(std::string_view query, std::string_view parameter_types,
                                             bool names_others) {
  const std::pmr::polymorphic_allocator<prepared_statement> allocator(memory_);
  auto made = std::allocate_shared<prepared_statement>(allocator, memory_);
  made->id = next_id();
  made->query = query;
  made->parameter_types = parameter_types;
  made->names_others = names_others;
  return made;
}

prepared_ptr prepared_registry::intern(std::string_view query, std::string_view parameter_types,
                                       const settings_ptr& under, std::uint64_t schema) {
  if (std::exchange(schema_, schema) != schema) known_.clear();
  const auto settings = reinterpret_cast<std::uintptr_t>(under.get());
  key_.assign(query);
  key_.push_back('\0');
  key_.append(reinterpret_cast<const char*>(&settings), sizeof settings);  // stays theirs while the entry stands
  key_.append(parameter_types);
  const auto found = known_.find(std::string_view(key_));
  if (found != known_.end()) return found->second;
  if (means_the_moment(query)) return make_private(query, parameter_types);
  if (known_.size() >= sweep_at_) sweep();
  auto made = std::make_shared<prepared_statement>();
  made->id = next_id();
  made->query = query;
  made->parameter_types = parameter_types;
  made->under = under;
  known_.emplace(key_, made);
  return made;
}

void prepared_registry::sweep() {
  erase_if(known_, [](const auto& entry) { return entry.second.use_count() == 1; });
  sweep_at_ = std::max<std::size_t>(256, 2 * known_.size());
}

}  // namespace highwater::proxy
