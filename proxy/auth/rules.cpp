#include "proxy/auth/rules.hpp"

#include <algorithm>

namespace highwater::auth {
namespace {

using config::connection_type;
using config::name_pattern;
using kind = name_pattern::kind;

constexpr std::size_t longest_name = 63;

// A server cuts names there (PostgreSQL's NAMEDATALEN): a longer one is the same name, and is not to pass by a rule.
door as_servers_see(door from) {
  from.database = from.database.substr(0, longest_name);
  from.user = from.user.substr(0, longest_name);
  return from;
}

name_pattern of_kind(kind what) {
  return {what, {}, std::nullopt};
}

// What auth.method says, as a rule for one type of connections.
rule for_everybody(connection_type type, config::auth_method method) {
  rule result;
  result.type = type;
  result.databases = {of_kind(kind::all), of_kind(kind::replication)};
  result.users = {of_kind(kind::all)};
  if (type != connection_type::local) result.address = config::network{};
  result.method = method;
  result.place = "auth.method";
  return result;
}

bool matches_text(const name_pattern& pattern, std::string_view name) {
  return pattern.what == kind::expression ? pattern.expression->is_in(name) : pattern.text == name;
}

bool matches_connection(const rule& each, const door& from) {
  if (each.type == connection_type::local || from.local()) return each.type == connection_type::local && from.local();
  if (each.type == (from.tls ? connection_type::hostnossl : connection_type::hostssl)) return false;
  return each.address && contains(*each.address, *from.address);
}

bool matches_database(const name_pattern& pattern, const door& from) {
  if (from.replication || pattern.what == kind::replication) {
    return from.replication && pattern.what == kind::replication;
  }
  if (pattern.what == kind::all) return true;
  if (pattern.what == kind::same_user) return from.database == from.user;
  return matches_text(pattern, from.database);
}

bool matches_user(const name_pattern& pattern, const door& from) {
  return pattern.what == kind::all || matches_text(pattern, from.user);
}

bool matches(const rule& each, const door& from) {
  const auto any = [&](const std::vector<name_pattern>& patterns, auto holds) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const auto& one) { return holds(one, from); });
  };
  return matches_connection(each, from) && any(each.databases, matches_database) && any(each.users, matches_user);
}

// Whom an entry lets this name log in as; none where it is about another.
std::optional<std::string> user_of(const config::name_mapping& each, std::string_view external) {
  if (each.external.what != kind::expression) {
    return each.external.text == external ? std::optional(each.user) : std::nullopt;
  }
  const auto match = each.external.expression->find_in(external);
  if (!match) return std::nullopt;
  std::string user = each.user;
  const auto reference = user.find("\\1");
  if (reference == std::string::npos) return user;
  if (!match->group) return std::nullopt;
  return user.replace(reference, 2, *match->group);
}

// Who it is, in the words of PostgreSQL's messages.
std::string described(const door& from) {
  std::string text = "host \"" + (from.local() ? "[local]" : to_string(*from.address)) + "\", user \"";
  text.append(from.user).append("\", ");
  if (!from.replication) text.append("database \"").append(from.database).append("\", ");
  return text + (from.tls ? "SSL encryption" : "no encryption");
}

}  // namespace

rules::rules(const config::auth& section) : maps_{section.maps} {
  for (const auto& each : section.rules) {
    rules_.push_back({each, "auth.rules[" + std::to_string(rules_.size()) + "]"});
  }
  if (rules_.empty()) {
    for (const auto type : {connection_type::local, connection_type::host}) {
      rules_.push_back(for_everybody(type, section.method));
    }
  }
}

const rule* rules::first_match(const door& from) const {
  const door seen = as_servers_see(from);
  const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const rule& each) { return matches(each, seen); });
  return found == rules_.end() ? nullptr : &*found;
}

bool rules::mapped(std::string_view map, std::string_view external, std::string_view wanted) const {
  if (external.empty() || wanted.empty()) return false;
  if (map.empty()) return external == wanted;
  return std::any_of(maps_.begin(), maps_.end(), [&](const config::name_mapping& each) {
    return each.name == map && user_of(each, external) == wanted;
  });
}

failure_report refusal(const rule* matched, const door& from) {
  auto made = report(matched ? error::rule_rejects : error::no_rule, from.user);
  if (matched && from.replication) made.message = "auth.rules rejects replication connection";
  made.message += !matched && from.replication ? " for replication connection from " : " for ";
  made.message += described(as_servers_see(from));
  return made;
}

}  // namespace highwater::auth
