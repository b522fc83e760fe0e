#include "proxy/client/statement_needs.hpp"

#include <utility>

namespace highwater::proxy {

// The client's statement in a form that the leased connection has, or may be given. A server that has analysed it goes
// on with that, as it would for the client alone; one that has not would analyse it under the settings of now, and what
// comes of that is another statement.
void statement_needs::make_usable_here(std::string_view name, named_statement& known) {
  const auto& what = known.what;
  if (!what->names_others) {
    if (about_.server().statements().knows(what->id)) return;
    if (!about_.under_way.held.settings_unknown && what->under == about_.client.analysed_under) return;
  }
  if (!known.told) known.told = what->described;
  about_.client.names().replace(name, about_.intern(what->query, what->parameter_types, what->names_others));
}

std::optional<std::size_t> statement_needs::of_batch(const wire::batch_scanner& batch, std::string_view bytes,
                                                     bool by_turns) {
  if (!about_.client.prepared) return std::nullopt;
  about_.parsed_names.clear();
  for (std::size_t i = 0; const auto& message : batch.messages()) {
    const auto before = needs_.items().size();
    at_ = i;
    of_message({message.type, message.size, bytes.substr(message.offset, message.size)});
    if (by_turns && i > 0 && needs_.items().size() > before) {
      needs_.forget_behind(before);
      return i - 1;
    }
    ++i;
  }
  return std::nullopt;
}

void statement_needs::of_message(const wire::frame& message) {
  const auto need = [&](std::string_view name) {
    if (!about_.parsed_names.contains(name)) of_statement(name);
  };
  switch (message.type) {
    case wire::frontend::query:
      if (about_.facts.names_others && !failing_.knows_of_failure()) of_what_is_executed(*about_.facts.first());
      break;
    case wire::frontend::parse: {
      const auto parse = *wire::read_parse(message.body());
      // One with a name is prepared anew when it is used, and servers do not look behind EXECUTE before.
      if (about_.facts.names_others && parse.name.empty()) of_what_is_executed(*about_.verdict_on(parse.query));
      about_.parsed_names.insert(parse.name);
      break;
    }
    case wire::frontend::bind: {
      const auto name = wire::read_bind_names(message.body())->statement;
      const auto* known = about_.client.find_named(name);
      const bool fails = known != nullptr &&
                         (failing_.stands_in(name, *known, message.body()) || failing_.fails_as_it_is(name, *known));
      if (!fails) need(name);
      break;
    }
    case wire::frontend::describe:
      if (const auto target = *wire::read_target(message.body()); target.kind == 'S') need(target.name);
      break;
    default:
      break;
  }
}

void statement_needs::of_what_is_executed(const sql::statement& what) {
  if (what.executes) of_statement(what.executes->name);
}

void statement_needs::of_statement(std::string_view name) {
  auto* known = about_.client.names().find(name);
  if (known == nullptr) return;
  const bool unnamed = name.empty();
  if (!unnamed) make_usable_here(name, *known);
  const auto told = known->told ? known->told : known->what->described;
  // What names another one was prepared for the names of that moment.
  if (unnamed && about_.server().unnamed() == known->what->id && !known->what->names_others) {
    if (!preparation::differ(about_.server().unnamed_described(), told)) return;
  } else if (!unnamed && about_.server().statements().knows(known->what->id) &&
             !about_.server().in_doubt(known->what->id)) {
    if (!preparation::differ(about_.server().statements().described(known->what->id), told)) return;
    // Prepared there when the table was another one. What it is now, or whether it is, the server shall say.
    if (!known->told) known->told = told;
    const auto old = known->what;
    about_.client.names().replace(name,
                                  about_.registry.make_private(old->query, old->parameter_types, old->names_others));
  }
  const auto& what = known->what;
  auto text = what->names_others ? server_text(what->query) : std::string(what->query);
  // What names something that is no more fails when it is run, and says so itself.
  const bool in_vain = what->names_others && text == std::string_view(what->query);
  // Of what is in doubt it is decided anew once the answers are there, for which whoever needs something waits.
  needs_.add({what, in_vain ? nullptr : told, std::string(name), std::move(text), unnamed, at_});
}

// The text as a server understands it, where it names another of the client's statements. What it executes is needed
// too; what it ends, or finds in its way, is a stand-in, as the servers keep the statement itself for others.
std::string statement_needs::server_text(std::string_view sql) {
  const auto what = about_.verdict_on(sql);
  const auto* place = name_in(*what, about_.client.prepared.get());
  const auto* known = about_.client.find_named(place->name);
  if (known == nullptr || place->name.empty()) return without_our_name(sql, *place);
  if (place == (what->executes ? &*what->executes : nullptr)) {
    of_statement(place->name);
    return with_name(sql, *place, about_.client.find_named(place->name)->what->id);
  }
  const auto stand_in = about_.registry.make_private("", no_parameters);
  about_.under_way.note_stand_in(stand_in->id, place->name);
  needs_.add({stand_in, nullptr, "", "", false, at_});
  return with_name(sql, *place, stand_in->id);
}

void note_prepared(preparation& needs, const writing& about, std::string_view refusal) {
  auto& server = about.server();
  needs.answered(refusal, [&](const preparation::item& one) {
    return one.unnamed ? server.unnamed() == one.what->id : server.statements().knows(one.what->id);
  });
  compare_prepared(needs, about);
}

void compare_prepared(preparation& needs, const writing& about) {
  for (auto& one : needs.items()) {
    if (!one.prepared) continue;
    const auto there = about.server().described_as(one.what->id, one.unnamed);
    if (!one.what->described) one.what->described = there;
    one.compare(there);
    auto* known = about.client.names().find(one.name);
    if (known != nullptr && known->what == one.what && !known->told) known->told = there;
  }
}

}  // namespace highwater::proxy
