#include "tests/fuzz/generator.hpp"

#include <algorithm>

#include "tests/fuzz/author.hpp"

namespace highwater::fuzz {
namespace {

std::vector<const scene_entry*> allowed(const features& on) {
  std::vector<const scene_entry*> found;
  for (const auto* all : {&protocol_scenes(), &copy_scenes(), &sql_scenes()}) {
    for (const auto& one : *all) {
      const bool usable = std::all_of(one.needs.begin(), one.needs.end(), [&](feature f) { return on.has(f); });
      if (usable) found.insert(found.end(), one.weight, &one);
    }
  }
  return found;
}

void end_transaction_in_time(author& of) {
  if (of.transaction_left == 0 || --of.transaction_left > 0) return;
  of.ask_simply(of.luck().one_in(3) ? "rollback" : "commit");
}

// Leads back to a session that has nothing under way, from wherever it is. In that order: a copy, an exchange, a
// transaction.
void come_to_rest(author& of) {
  std::vector<request> all{plain(ask::sync), plain(ask::barrier)};
  if (of.may(feature::late_copy)) all.insert(all.begin(), plain(ask::copy_fail, "over"));
  of.say(std::move(all));
  of.written().steps.back().indispensable = true;
  of.ask_simply("rollback");
  of.written().steps.back().indispensable = true;
}

}  // namespace

program write_program(const subject& about, std::size_t client, chance luck) {
  author of(about, client, luck);
  // Where all have the same settings, nothing is done to a server connection between one client and the next.
  const bool like_others = of.luck().below(3) != 0;
  of.written().startup = {{"application_name", like_others ? "fuzz" : "client" + std::to_string(client)}};
  if (!like_others && of.luck().one_in(2)) of.written().startup.emplace_back("search_path", of.schema());
  const auto scenes = allowed(about.on);
  const auto count = of.luck().between(2, 6);
  for (std::size_t i = 0; i < count; ++i) {
    of.luck().of(scenes)->write(of);
    end_transaction_in_time(of);
  }
  come_to_rest(of);
  if (!about.transaction_pooling) {
    of.ask_simply("select 'alive', " + of.quoted_tag());
    return of.written();
  }
  // Whoever keeps a server connection would have the others wait for ever.
  if (of.pinned) {
    of.ask_simply("discard all");
    of.written().steps.back().indispensable = true;
  }
  of.say({query("select 'alive', " + of.quoted_tag())}, then::meet);
  of.ask_simply("select 'still alive', " + of.quoted_tag() + ", n from " + of.table("item") + " where id = 1");
  return of.written();
}

std::vector<program> write_round(const subject& about, std::uint64_t seed) {
  chance luck(seed);
  std::vector<program> all;
  const auto count = luck.between(2, most_clients);
  for (std::size_t i = 0; i < count; ++i) all.push_back(write_program(about, i, chance(seed_of(seed, i))));
  return all;
}

program write_visitor(const subject& about, bool on_replica) {
  program visitor;
  visitor.startup = {{"application_name", "fuzz"}};
  const auto say = [&](std::vector<request> requests, then next = then::settle) {
    visitor.steps.push_back({.requests = std::move(requests), .then = next});
  };
  // Before any Query, which would end it: another's unnamed statement. All are in the middle of an exchange at a time.
  if (about.on.has(feature::unnamed) && !on_replica) {
    say({bind("", ""), execute(), plain(ask::flush)}, about.transaction_pooling ? then::meet : then::settle);
    say({plain(ask::sync)});
  }
  // As the first word of a session, this is known to be refused.
  if (about.on.has(feature::sequence) && !on_replica) say({query("select currval('c0.seq')")});
  say({query(on_replica ? "begin read only" : "begin")});
  say(
      {query("select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where name in "
             "('work_mem', 'DateStyle', 'TimeZone', 'application_name', 'extra_float_digits', 'search_path', "
             "'statement_timeout', 'IntervalStyle', 'log_min_duration_statement', 'role', 'session_authorization', "
             "'default_transaction_read_only', 'standard_conforming_strings')")});
  say(
      {query("select (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks, "
             "(select count(*) from pg_listening_channels()) as channels, "
             "(select count(*) from pg_class where relnamespace = pg_my_temp_schema()) as temporary, "
             "(select count(*) from pg_cursors where is_holdable) as cursors, "
             "(select count(*) from pg_prepared_statements where from_sql) as prepared")});
  if (about.on.has(feature::seed) && !on_replica) {
    say(
        {query("with r as materialized (select random() as v) "
               "select count(*) as known from public.random_of_seed, r where value = v")});
  }
  // All have got a connection by now, one each.
  if (about.transaction_pooling) say({query("select 'here'")}, then::meet);
  say({query("commit")});
  if (on_replica) return visitor;
  // In one piece, as all of it is asked by every visitor.
  std::vector<request> names{bind("", ""), execute(), plain(ask::sync), plain(ask::describe_statement),
                             plain(ask::sync)};
  for (const char* name : {"a", "b", "S_1", "stmt two", "x", "runs", "q"}) {
    names.insert(names.end(), {plain(ask::describe_statement, name), plain(ask::sync)});
    const auto text = std::string("select 'the visitor''s ") + name + "'";
    names.insert(names.end(), {parse(name, text), bind("", name), execute(), plain(ask::sync)});
  }
  names.insert(names.end(), {execute("p"), plain(ask::sync), query("execute gone"), query("select 'still alive'")});
  say(names);
  return visitor;
}

}  // namespace highwater::fuzz
