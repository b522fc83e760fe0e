// Scenes about the extended protocol, and about how exchanges and connections end.

#include "tests/fuzz/author.hpp"

namespace highwater::fuzz {
namespace {

void simple(author& of) {
  if (of.luck().one_in(4)) return of.ask_simply(of.any_sql() + "; " + of.any_sql());
  of.ask_simply(of.any_sql());
}

void unnamed(author& of) {
  std::vector<request> all;
  of.append_command(all);
  all.push_back(plain(ask::sync));
  of.say(all);
}

void unnamed_again(author& of) {
  std::vector<request> all;
  if (of.luck().one_in(3)) {
    all.push_back(parse("", of.any_sql()));
    all.push_back(plain(of.luck().one_in(4) && of.may(feature::flush) ? ask::flush : ask::sync));
    if (all.back().what == ask::flush) all.push_back(plain(ask::sync));
    of.say(std::exchange(all, {}));
  }
  if (of.luck().one_in(6)) all.push_back(plain(ask::close_statement));
  if (of.luck().one_in(4)) all.push_back(plain(ask::describe_statement));
  of.append_run(all, "");
  all.push_back(plain(ask::sync));
  of.say(all);
}

void prepare(author& of) {
  const auto name = of.statement_name();
  std::vector<request> all;
  if (of.luck().one_in(3)) all.push_back(plain(ask::close_statement, name));
  // Equal texts of several clients are one statement on a server.
  const auto text = of.luck().one_in(3) ? "select $1::text, n, tag from item where id = 2" : of.any_sql();
  all.push_back(parse(name, text));
  if (of.luck().one_in(2)) all.push_back(plain(ask::describe_statement, name));
  if (of.luck().one_in(3)) of.append_run(all, name);
  all.push_back(plain(ask::sync));
  of.say(all);
}

void run_prepared(author& of) {
  const auto name = of.statement_name();
  std::vector<request> all;
  if (of.luck().one_in(4)) all.push_back(plain(ask::describe_statement, name));
  if (of.luck().one_in(3)) {
    of.append_run(all, name, {of.tag()});
  } else {
    of.append_run(all, name);
  }
  if (of.luck().one_in(8)) all.push_back(plain(ask::close_statement, name));
  all.push_back(plain(ask::sync));
  of.say(all);
}

void close_prepared(author& of) {
  of.say({plain(ask::close_statement, of.statement_name()), plain(ask::sync)});
}

// Whatever comes behind an error is skipped.
void pipeline(author& of) {
  std::vector<request> all;
  const auto count = of.luck().between(2, 5);
  for (std::size_t i = 0; i < count; ++i) {
    if (of.luck().one_in(5)) {
      all.push_back(parse("", of.error_sql()));
      of.append_run(all, "");
    } else if (of.may(feature::named) && of.luck().one_in(4)) {
      const auto name = of.statement_name();
      all.push_back(parse(name, of.any_sql()));
      of.append_run(all, name);
    } else {
      of.append_command(all);
    }
    if (of.luck().one_in(6)) all.push_back(plain(ask::sync));
    if (of.may(feature::flush) && of.luck().one_in(8)) all.push_back(plain(ask::flush));
  }
  all.push_back(plain(ask::sync));
  of.say(all, of.luck().one_in(5) ? then::go_on : then::settle);
}

void flushed(author& of) {
  std::vector<request> all;
  of.append_command(all);
  all.push_back(plain(ask::flush));
  of.say(std::exchange(all, {}));
  if (of.luck().one_in(2)) of.append_command(all);
  if (of.luck().one_in(3)) {
    all.push_back(plain(ask::flush));
    of.say(std::exchange(all, {}));
  }
  all.push_back(plain(ask::sync));
  of.say(all);
}

void portals(author& of) {
  const bool inside = of.luck().one_in(2);
  if (inside) of.ask_simply("begin");
  std::vector<request> all{parse("", "select " + of.quoted_tag() + ", x from generate_series(1, 5) as g(x)"),
                           bind("p", ""), execute("p", 2)};
  if (of.luck().one_in(2)) all.push_back(plain(of.may(feature::flush) && of.luck().one_in(2) ? ask::flush : ask::sync));
  if (of.luck().one_in(3)) all.push_back(plain(ask::describe_portal, "p"));
  all.push_back(execute("p", static_cast<std::uint32_t>(of.luck().between(0, 3))));
  if (of.luck().one_in(4)) all.push_back(bind("p", ""));
  if (of.luck().one_in(3)) all.push_back(plain(ask::close_portal, "p"));
  if (of.luck().one_in(4)) all.push_back(execute("p"));
  all.push_back(plain(ask::sync));
  of.say(all);
  if (of.luck().one_in(2)) of.say({execute("p", 1), plain(ask::sync)});
  if (inside) of.ask_simply(of.luck().one_in(2) ? "commit" : "rollback");
}

void unknown_portal(author& of) {
  std::vector<request> all;
  if (of.luck().one_in(3)) of.append_command(all);
  all.push_back(of.luck().one_in(3) ? plain(ask::describe_portal, "nope") : execute("nope"));
  if (of.luck().one_in(3)) of.append_command(all);
  all.push_back(plain(ask::sync));
  of.say(all);
}

// Leaves at once, and the next one has nothing to run.
void bequeath_unnamed(author& of) {
  std::vector<request> all;
  const auto count = of.luck().between(1, 3);
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(parse("", of.luck().one_in(2) ? of.error_sql() : of.any_sql()));
    of.append_run(all, "");
  }
  all.push_back(plain(ask::sync));
  of.say(std::exchange(all, {}));
  of.say({}, of.luck().one_in(2) ? then::close : then::reset);
  of.transaction_left = 0;
  if (of.luck().one_in(3)) all.push_back(plain(ask::describe_statement));
  of.append_run(all, "");
  all.push_back(plain(ask::sync));
  of.say(all);
}

// Where an error came first, the Query is skipped with the rest, and only a Sync helps.
void query_before_sync(author& of) {
  std::vector<request> all;
  switch (of.luck().below(4)) {
    case 0:
      all.push_back(execute("nope"));
      break;
    case 1:
      all.push_back(parse("", of.error_sql()));
      of.append_run(all, "");
      break;
    case 2:
      all.push_back(parse(of.statement_name(), of.any_sql()));
      break;
    default:
      of.append_command(all);
  }
  const bool apart = of.luck().one_in(3);
  if (apart) of.say(std::exchange(all, {}), then::go_on);
  const std::array<std::string, 5> queries{of.read_sql(), of.write_sql(), "do $$begin end$$", "deallocate all",
                                           "set work_mem = '77kB'"};
  const auto count = of.luck().between(1, 2);
  for (std::size_t i = 0; i < count; ++i) all.push_back(query(of.luck().of(queries)));
  if (of.luck().one_in(4)) of.append_command(all);
  if (of.luck().one_in(3)) of.say(std::exchange(all, {}), then::go_on);
  all.push_back(plain(ask::sync));
  of.say(all);
}

// The client says nothing more for now: others may not suffer.
void sync_later(author& of) {
  std::vector<request> all;
  of.append_command(all);
  of.say(std::exchange(all, {}));
  if (of.luck().one_in(2)) of.append_command(all);
  all.push_back(plain(ask::sync));
  of.say(all);
}

void sync_alone(author& of) {
  of.say({plain(ask::sync)});
  if (of.luck().one_in(3)) of.say({plain(ask::flush), plain(ask::sync), plain(ask::sync)});
}

void error_before_sync(author& of) {
  std::vector<request> all;
  if (of.luck().one_in(2)) of.append_command(all);
  all.push_back(parse("", "select nosuch from " + of.table("item")));
  of.say(std::exchange(all, {}), then::await_error);
  if (of.luck().one_in(2)) of.append_command(all);
  all.push_back(plain(ask::sync));
  of.say(all);
}

// Nothing that it has begun may be done afterwards, so that it does not matter when the server notices.
void vanish(author& of) {
  const auto how = of.luck().one_in(2) ? then::close : then::reset;
  std::vector<request> all;
  std::size_t keep_back = 0;
  switch (of.luck().below(7)) {
    case 0:  // in the middle of a message
      all.push_back(query(of.write_sql()));
      keep_back = of.luck().between(1, 12);
      break;
    case 1:  // in the middle of an exchange
      of.append_command(all);
      break;
    case 2:  // ... that has failed
      all.push_back(execute("nope"));
      if (of.may(feature::unsynced)) all.push_back(query("select " + of.quoted_tag()));
      if (of.luck().one_in(2)) all.push_back(plain(ask::flush));
      break;
    case 3:  // in the middle of a transaction
      of.ask_simply("begin");
      of.ask_simply(of.write_sql());
      break;
    case 4:  // without hearing the answer
      all.push_back(query("select " + of.quoted_tag() + ", x from generate_series(1, 3000) as g(x)"));
      break;
    case 5:
      if (of.may(feature::copy)) {
        of.ask_simply("copy " + of.table("line") + " from stdin");
        all.push_back(plain(ask::copy_data, "7000\t" + of.tag() + "\n7001"));
      }
      break;
    default:  // in the middle of a Parse, behind others
      of.append_command(all);
      all.push_back(parse("", of.any_sql()));
      keep_back = of.luck().between(1, 6);
  }
  of.written().steps.push_back({.requests = std::move(all), .then = how, .keep_back = keep_back});
  of.transaction_left = 0;
}

}  // namespace

const std::vector<scene_entry>& protocol_scenes() {
  using f = feature;
  static const std::vector<scene_entry> all{
      {{}, 4, simple},
      {{}, 4, unnamed},
      {{f::unnamed}, 3, unnamed_again},
      {{f::unnamed, f::vanish}, 1, bequeath_unnamed},
      {{f::named}, 3, prepare},
      {{f::named}, 3, run_prepared},
      {{f::named}, 1, close_prepared},
      {{f::pipeline}, 4, pipeline},
      {{f::flush}, 2, flushed},
      {{f::portal}, 2, portals},
      {{f::portal}, 1, unknown_portal},
      {{f::unsynced}, 2, query_before_sync},
      {{f::unsynced}, 1, sync_later},
      {{f::flush}, 1, sync_alone},
      {{f::eager}, 1, error_before_sync},
      {{f::vanish}, 2, vanish},
  };
  return all;
}

}  // namespace highwater::fuzz
