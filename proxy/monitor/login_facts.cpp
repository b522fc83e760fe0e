#include "proxy/monitor/login_facts.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <utility>

namespace highwater::proxy {

namespace {

enum fact_kind : char { role = 'r', database = 'd', setting = 's', members = 'm', configuration = 'c', counter = 'p' };

// A role's state begins with its own number.
std::string_view number_of(const std::string& state) noexcept {
  return std::string_view(state).substr(0, state.find(' '));
}

std::uint64_t number(const std::string& digits) noexcept {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace

// 1260 to 1262 and 2964 are pg_authid, pg_auth_members, pg_database and pg_db_role_setting.
const char* const login_counts_sql =
    "SELECT concat_ws(' ', pg_catalog.pg_conf_load_time(), sum(pg_catalog.pg_stat_get_tuples_inserted(t.oid)),"
    " sum(pg_catalog.pg_stat_get_tuples_updated(t.oid)), sum(pg_catalog.pg_stat_get_tuples_deleted(t.oid)))"
    " FROM (VALUES (1260::oid), (1261), (1262), (2964)) t(oid)";

const char* const login_facts_sql =
    "SELECT 'r', r.rolname::text, '', concat_ws(' ', r.oid, r.rolcanlogin, r.rolsuper, r.rolinherit,"
    " r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls, r.rolconnlimit, r.rolvaliduntil,"
    " r.rolvaliduntil < pg_catalog.now()) FROM pg_catalog.pg_roles r"
    " UNION ALL "
    "SELECT 'd', '', d.datname::text, concat_ws(' ', d.oid, d.datallowconn, d.datdba, d.datacl)"
    " FROM pg_catalog.pg_database d"
    " UNION ALL "
    "SELECT 's', coalesce(r.rolname::text, ''), coalesce(d.datname::text, ''), s.setconfig::text"
    " FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole"
    " LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase"
    " UNION ALL "
    "SELECT 'm', '', '', concat(count(*), ' ', sum(pg_catalog.hashtext(concat(m.roleid, ' ', m.member))))"
    " FROM pg_catalog.pg_auth_members m"
    " UNION ALL "
    "SELECT 'c', '', '', pg_catalog.pg_conf_load_time()::text"
    " UNION ALL "
    "SELECT 'p', '', '', pg_catalog.pg_stat_get_tuples_updated(1260)::text";

void login_facts::reconnected() {
  std::erase_if(known_, [](const auto& one) { return one.first.kind == configuration || one.first.kind == counter; });
  seen_changes_ = 0;
}

// More roles have been altered than are seen to have changed: it may be anybody's password. The counter comes late.
bool login_facts::explained(std::uint64_t altered, std::uint64_t counted) {
  seen_changes_ += altered;
  const auto known = std::min(seen_changes_, counted);
  seen_changes_ -= known;
  return known == counted;
}

login_news login_facts::take(std::vector<login_fact> all) {
  std::map<key, std::string> now;
  for (auto& each : all) now[{each.kind, std::move(each.user), std::move(each.database)}] = std::move(each.state);
  const auto before = std::exchange(known_, now);
  login_news news;
  if (before.empty()) return news;
  std::set<std::string_view> roles_before;
  for (const auto& [what, state] : before) {
    if (what.kind == role) roles_before.insert(number_of(state));
    if (now.contains(what)) continue;
    news.scopes.push_back({what.user, what.database});
    if (what.kind == database) news.gone.push_back(what.database);
  }
  std::uint64_t altered = 0;
  std::uint64_t counted = 0;
  for (const auto& [what, state] : now) {
    const auto was = before.find(what);
    const bool is_new = was == before.end();
    if (!is_new && was->second == state) continue;
    if (what.kind == configuration) {
      news.reloaded = !is_new;
    } else if (what.kind == counter) {
      // One that has gone back is another one.
      if (!is_new && number(state) > number(was->second)) counted = number(state) - number(was->second);
    } else {
      news.scopes.push_back({what.user, what.database});
      altered += what.kind == role && roles_before.contains(number_of(state)) ? 1 : 0;
    }
  }
  if (!explained(altered, counted)) news.scopes.emplace_back();
  return news;
}

}  // namespace highwater::proxy
