#include "proxy/client/settings_exchange.hpp"

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>
#include <vector>

#include "proxy/client/login_reset.hpp"
#include "proxy/wire/bytes.hpp"

namespace highwater::proxy {

namespace {

constexpr std::uint32_t null_length = 0xFFFFFFFF;

void put_or_unset(session_settings& in, std::string_view name, std::optional<std::string_view> value) {
  if (value) {
    put(in, name, *value);
  } else {
    unset(in, name);
  }
}

// RESET ALL leaves the role as it is.
bool speaks_for_another(const session_settings& some) {
  return std::ranges::any_of(some, [](const auto& one) { return is_identity(one.first); });
}

}  // namespace

void settings_exchange::note(const sql::statement& what, bool alone) {
  if (what.resets_all_settings) {
    all_alone_ = alone && !all_ && touched_.empty();
    all_ = true;
    discards_ |= what.discards_all;
    touch_all(touched_);
  }
  for (const auto& each : what.settings) touch(touched_, each.name, each.to_default);
  resets_ |= resets_some(what);
}

void settings_exchange::restored(const session_settings& to) {
  for (const auto& [name, value] : to) touch(touched_, name, false);
}

bool settings_exchange::changes_identity() const {
  return std::ranges::any_of(touched_, [](const auto& one) { return is_identity(one.name); });
}

bool settings_exchange::resets(std::string_view name) const noexcept {
  if (!resets_) return false;
  const auto is_it = [&](const sql::setting_change& one) { return boost::algorithm::iequals(one.name, name); };
  const auto known = std::ranges::find_if(touched_, is_it);
  return known != touched_.end() ? known->to_default : all_;
}

settings_exchange::outcome settings_exchange::over(bool failed, const session_settings& on_server) {
  failed_ = failed;
  if (all_ && all_alone_ && (discards_ || !speaks_for_another(on_server))) {
    clear();
    return failed ? outcome::nothing : outcome::reset;
  }
  if (all_) {
    for (const auto& [name, value] : on_server) {
      if (!touches(name) && (discards_ || !is_identity(name))) touch(touched_, name, true);
    }
    if (touched_.empty() && !discards_ && speaks_for_another(on_server)) {
      clear();
      return outcome::nothing;
    }
    if (touched_.empty()) {
      clear();
      return failed ? outcome::nothing : outcome::reset;
    }
  }
  if (touched_.empty()) {
    clear();
    return outcome::nothing;
  }
  touch_what_is_encoded(on_server);
  return outcome::inquire;
}

bool settings_exchange::touches(std::string_view name) const {
  return std::ranges::find(touched_, name, &sql::setting_change::name) != touched_.end();
}

// In another encoding the other values have other bytes.
void settings_exchange::touch_what_is_encoded(const session_settings& on_server) {
  if (!touches("client_encoding")) return;
  for (const auto& [name, value] : on_server) {
    if (!is_ascii(value) && !touches(name)) touch(touched_, name, false);
  }
}

std::string settings_exchange::inquiry() const {
  std::vector<std::string> names;
  for (const auto& each : touched_) names.push_back(each.name);
  return inquiry_sql(names);
}

std::optional<settings_exchange::settled> settings_exchange::answered(std::string_view row, const session_settings& own,
                                                                      const session_settings& on_server,
                                                                      const session_settings& login) const {
  settled now{own, on_server};
  wire::reader fields(row);
  fields.u16();  // how many there are
  for (const auto& [name, to_default] : touched_) {
    const auto length = fields.u32();
    const auto value = length == null_length ? std::nullopt : std::optional(fields.take(length));
    // A rollback to a savepoint may have undone the reset: then it is what it was.
    const bool reset = to_default && !failed_ && !(undone_ && value == find(on_server, name));
    put_or_unset(now.on_server, name, reset ? std::nullopt : value);
    put_or_unset(now.own, name, reset ? find(login, name) : value);
  }
  if (!fields.done()) return std::nullopt;
  return now;
}

}  // namespace highwater::proxy
