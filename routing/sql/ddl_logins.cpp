#include "routing/sql/ddl_logins.hpp"

#include <algorithm>

namespace highwater::sql {
namespace {

constexpr std::string_view template_by_default = "template1";

std::string text(const json::object& fields, std::string_view key) {
  return std::string(text_of(fields, key));
}

// CURRENT_USER and its kin are whoever the session is by then: any.
std::string role_in(const json::object& role) {
  return text(role, "rolename");
}

std::string role_of(const json::object& fields) {
  const auto* const role = struct_of(fields, "role");
  return role ? role_in(*role) : std::string();
}

const json::object* option(const json::object& fields, std::string_view name) {
  for (const auto& each : list_of(fields, "options")) {
    const auto one = as_node(each);
    if (one.fields && text_of(*one.fields, "defname") == name) return one.fields;
  }
  return nullptr;
}

login_change of_user(std::string name) {
  return {{{std::move(name), {}}}, {}};
}

login_change of_database(std::string name) {
  return {{{{}, std::move(name)}}, {}};
}

login_change of_anybody(const json::object&) {
  return {{{}}, {}};
}

login_change create_role(const json::object& fields) {
  return of_user(text(fields, "role"));
}

login_change alter_role(const json::object& fields) {
  // What a member may do, the members of the member may do too.
  return option(fields, "rolemembers") ? of_anybody(fields) : of_user(role_of(fields));
}

login_change set_for_role(const json::object& fields) {
  return {{{role_of(fields), text(fields, "database")}}, {}};
}

login_change drop_role(const json::object& fields) {
  login_change found;
  for (const auto& each : list_of(fields, "roles")) {
    const auto role = as_node(each);
    if (role.fields) found.add(of_user(role_in(*role.fields)));
  }
  return found;
}

login_change set_for_database(const json::object& fields) {
  return of_database(text(fields, "dbname"));
}

login_change alter_database(const json::object& fields) {
  auto found = set_for_database(fields);
  if (option(fields, "tablespace")) found.vacates.push_back(text(fields, "dbname"));
  return found;
}

login_change drop_database(const json::object& fields) {
  auto found = set_for_database(fields);
  found.vacates.push_back(text(fields, "dbname"));
  return found;
}

login_change create_database(const json::object& fields) {
  auto found = set_for_database(fields);
  const auto* const from = option(fields, "template");
  const auto* const held = from ? from->if_contains("arg") : nullptr;
  found.vacates.emplace_back(held ? string_value(*held) : template_by_default);
  return found;
}

login_change rename(const json::object& fields) {
  login_change found;
  const auto kind = text_of(fields, "renameType");
  const bool of_role = kind == "OBJECT_ROLE";
  if (!of_role && kind != "OBJECT_DATABASE") return found;
  for (const auto* const key : {"subname", "newname"})
    found.add(of_role ? of_user(text(fields, key)) : of_database(text(fields, key)));
  if (!of_role) found.vacates.push_back(text(fields, "subname"));
  return found;
}

// An owner may connect.
login_change change_owner(const json::object& fields) {
  if (text_of(fields, "objectType") != "OBJECT_DATABASE") return {};
  const auto* const object = fields.if_contains("object");
  return of_database(object ? std::string(string_value(*object)) : std::string());
}

login_change grant(const json::object& fields) {
  login_change found;
  if (text_of(fields, "objtype") != "OBJECT_DATABASE") return found;
  for (const auto& each : list_of(fields, "objects")) found.add(of_database(std::string(string_value(each))));
  return found;
}

struct login_rule {
  std::string_view type;
  login_change (*find)(const json::object&);
};
constexpr login_rule rules[] = {
    {"CreateRoleStmt", create_role},
    {"AlterRoleStmt", alter_role},
    {"AlterRoleSetStmt", set_for_role},
    {"DropRoleStmt", drop_role},
    {"GrantRoleStmt", of_anybody},
    {"DropOwnedStmt", of_anybody},
    {"ReassignOwnedStmt", of_anybody},
    {"GrantStmt", grant},
    {"RenameStmt", rename},
    {"AlterOwnerStmt", change_owner},
    {"CreatedbStmt", create_database},
    {"AlterDatabaseStmt", alter_database},
    {"AlterDatabaseSetStmt", set_for_database},
    {"DropdbStmt", drop_database},
};

}  // namespace

login_change login_change_by(std::string_view type, const json::object& fields) {
  const auto rule = std::ranges::find(rules, type, &login_rule::type);
  return rule == std::end(rules) ? login_change{} : rule->find(fields);
}

}  // namespace highwater::sql
