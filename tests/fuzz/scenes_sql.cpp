// Scenes about what a session has: settings, transactions, and all that lasts longer than a statement.

#include "tests/fuzz/author.hpp"

namespace highwater::fuzz {
namespace {

// By either protocol.
void ask_either_way(author& of, const std::string& sql) {
  if (of.luck().one_in(3)) return of.say({parse("", sql), bind("", ""), execute(), plain(ask::sync)});
  of.ask_simply(sql);
}

std::string some_setting(author& of) {
  const std::array<std::string, 8> all{"work_mem to '" + std::to_string(of.luck().between(64, 99)) + "kB'",
                                       "datestyle to 'German, DMY'",
                                       "timezone to 'Asia/Tokyo'",
                                       "application_name to '" + of.tag() + "'",
                                       "extra_float_digits to -3",
                                       "search_path to " + of.schema() + ", public",
                                       "statement_timeout to '" + std::to_string(of.luck().between(40, 60)) + "min'",
                                       "intervalstyle to 'iso_8601'"};
  return of.luck().of(all);
}

std::string show(author& of) {
  const std::array<const char*, 8> all{"work_mem",           "datestyle",   "timezone",          "application_name",
                                       "extra_float_digits", "search_path", "statement_timeout", "intervalstyle"};
  return std::string("show ") + of.luck().of(all);
}

void leave_transaction(author& of) {
  if (of.may(feature::inner_reset)) return;
  of.ask_simply("rollback");
  of.transaction_left = 0;
}

void settings(author& of) {
  switch (of.luck().below(10)) {
    case 0:
    case 1:
    case 2:
      ask_either_way(of, "set " + some_setting(of));
      break;
    case 3:
      ask_either_way(of, "set local " + some_setting(of));
      break;
    case 4:
      leave_transaction(of);
      ask_either_way(of, "reset " + show(of).substr(5));
      break;
    case 5:
      leave_transaction(of);
      ask_either_way(of, "reset all");
      break;
    case 6:
      ask_either_way(of, "select " + of.quoted_tag() + ", set_config('work_mem', '" +
                             std::to_string(of.luck().between(100, 120)) + "kB', " +
                             (of.luck().one_in(2) ? "true)" : "false)"));
      break;
    case 7:
      ask_either_way(of, "set work_mem to nonsense");
      break;
    case 8:
      of.ask_simply("set " + some_setting(of) + "; " + of.any_sql());
      break;
    default:
      break;
  }
  if (of.luck().one_in(2)) ask_either_way(of, of.any_sql());
  ask_either_way(of, show(of));
}

// An error, then what changes settings or names, and only then the Sync.
void settings_behind_an_error(author& of) {
  const std::array<std::string, 4> texts{"set " + some_setting(of), "reset all", "deallocate all", "discard all"};
  std::vector<request> all;
  if (of.luck().one_in(2)) {
    all.push_back(parse("", of.error_sql()));
    of.append_run(all, "");
  } else {
    all.push_back(execute("nope"));
  }
  all.push_back(query(of.luck().of(texts)));
  all.push_back(plain(ask::sync));
  of.say(all);
  ask_either_way(of, show(of));
}

void role(author& of) {
  leave_transaction(of);
  of.ask_simply("set role dba");
  if (of.may(feature::vanish) && of.luck().one_in(2)) {
    // What the role may set and the user may not, nobody can set again for the client on another connection: it may be
    // told so. It leaves, and others must not suffer.
    of.ask_simply("set log_min_duration_statement = " + std::to_string(of.luck().between(900000, 999999)));
    of.ask_simply("reset role");
    return of.say({}, then::close);
  }
  of.ask_simply(of.luck().one_in(3) ? "reset all" : "reset role");
  of.ask_simply("select " + of.quoted_tag() + ", current_user, session_user");
  of.ask_simply("reset role");
}

void begin(author& of) {
  constexpr std::array<const char*, 5> ways{"begin", "start transaction", "begin isolation level repeatable read",
                                            "BEGIN; ", "begin read write"};
  if (of.luck().one_in(4)) {
    of.say({parse("", "begin"), bind("", ""), execute(), plain(ask::sync)});
  } else {
    of.ask_simply(of.luck().of(ways));
  }
  if (of.transaction_left == 0) of.transaction_left = static_cast<unsigned>(of.luck().between(1, 4));
}

void begin_read_only(author& of) {
  of.ask_simply(of.luck().one_in(4) ? "begin; set transaction read only" : "begin read only");
  const auto count = of.luck().between(1, 3);
  for (std::size_t i = 0; i < count; ++i) {
    switch (of.luck().below(6)) {
      case 0:
        ask_either_way(of, of.any_sql());
        break;
      case 1:
        if (of.may(feature::transaction)) {
          of.ask_simply("savepoint s");
          if (of.luck().one_in(2)) of.ask_simply("rollback to s");
        }
        break;
      case 2:
        if (of.may(feature::settings)) {
          of.ask_simply("set local " + some_setting(of));
          of.ask_simply(show(of));
        }
        break;
      default:
        ask_either_way(of, of.read_sql());
    }
  }
  of.ask_simply(of.luck().one_in(3) ? "rollback" : "commit");
}

void savepoint(author& of) {
  constexpr std::array<const char*, 5> words{"savepoint s", "rollback to s", "release s", "savepoint other",
                                             "rollback to savepoint other"};
  ask_either_way(of, of.luck().of(words));
  if (of.luck().one_in(2)) ask_either_way(of, of.any_sql());
  if (of.luck().one_in(2)) ask_either_way(of, of.luck().of(words));
}

void transaction_word(author& of) {
  constexpr std::array<const char*, 5> words{"commit", "rollback", "end", "abort", "commit and chain"};
  ask_either_way(of, of.luck().of(words));
}

std::string identifier(const std::string& name) {
  return "\"" + name + "\"";
}

void deallocate(author& of) {
  const auto name = of.statement_name();
  switch (of.luck().below(6)) {
    case 0:
      return ask_either_way(of, "deallocate " + identifier(name));
    case 1:
      return ask_either_way(of, "deallocate all");
    case 2:  // with a Parse in one exchange
      return of.say(
          {parse("", "deallocate all"), bind("", ""), execute(), parse(name, of.read_sql()), plain(ask::sync)});
    case 3:
      return of.say(
          {parse(name, of.read_sql()), parse("", "deallocate all"), bind("", ""), execute(), plain(ask::sync)});
    case 4:  // bound and not executed
      return of.say({parse(name, of.read_sql()), parse("", "deallocate all"), bind("", ""), plain(ask::sync)});
    default:
      return of.say(
          {parse(name, "deallocate " + identifier(of.statement_name())), bind("", name), execute(), plain(ask::sync)});
  }
}

void execute_by_sql(author& of) {
  const auto name = of.statement_name();
  const auto sql = "execute " + identifier(name);
  switch (of.luck().below(3)) {
    case 0:
      return ask_either_way(of, sql);
    case 1:
      return ask_either_way(of, sql + "('" + of.tag() + "')");
    default:  // by a statement that has a name itself
      return of.say({parse("runs", sql), plain(ask::describe_statement, "runs"), bind("", "runs"), execute(),
                     plain(ask::close_statement, "runs"), plain(ask::sync)});
  }
}

void sql_prepare(author& of) {
  of.pinned = true;
  const bool mixed = of.may(feature::deallocate) && of.luck().one_in(3);
  const auto name = mixed ? identifier(of.statement_name()) : "q";
  of.ask_simply("prepare " + name + " as " + of.read_sql());
  ask_either_way(of, "execute " + name);
  if (of.luck().one_in(2)) of.say({bind("", "q"), execute(), plain(ask::sync)});
  if (of.luck().one_in(2)) of.ask_simply("deallocate " + name);
}

void discard(author& of) {
  constexpr std::array<const char*, 4> what{"all", "plans", "temp", "sequences"};
  ask_either_way(of, std::string("discard ") + of.luck().of(what));
}

void ddl(author& of) {
  of.written().changes_schema = true;
  const auto shape = of.table("shape");
  const auto name = of.statement_name();
  const bool named = of.luck().below(3) != 0;
  constexpr std::array<const char*, 2> texts{"select * from ", "select a from "};
  if (of.luck().below(4) != 0) {
    const auto used = named ? name : "";
    std::vector<request> all{plain(ask::close_statement, used), parse(used, of.luck().of(texts) + shape)};
    if (of.luck().one_in(2)) all.push_back(plain(ask::describe_statement, used));
    if (of.luck().one_in(2)) of.append_run(all, used);
    all.push_back(plain(ask::sync));
    of.say(all);
  }
  constexpr std::array<const char*, 6> changes{"alter column a type float4",      "alter column a type text",
                                               "alter column a type int using 5", "add column more int default 7",
                                               "drop column if exists b",         "rename column a to z"};
  const bool inside = of.luck().one_in(4);
  if (inside) of.ask_simply("begin");
  // An extended message keeps the unnamed statement of others no better than a Query does; both are tried.
  ask_either_way(of, "alter table " + shape + " " + of.luck().of(changes));
  std::vector<request> all;
  of.append_run(all, named ? name : "");
  all.push_back(plain(ask::sync));
  of.say(all);
  if (inside) of.ask_simply(of.luck().one_in(2) ? "commit" : "rollback");
  if (of.luck().one_in(2)) of.say(all);
  if (of.luck().one_in(3)) ask_either_way(of, "select " + of.quoted_tag() + ", * from " + shape);
  if (of.luck().one_in(4)) {
    ask_either_way(of, "drop table " + shape);
    if (of.luck().one_in(2)) ask_either_way(of, "deallocate " + identifier(name));
    of.say(all);
  }
}

void listen(author& of) {
  of.pinned = true;
  const auto channel = of.own_name("ch");
  ask_either_way(of, "listen " + channel);
  if (of.luck().one_in(2)) of.ask_simply("notify " + channel + ", " + of.quoted_tag());
  of.ask_simply("select " + of.quoted_tag() + ", * from pg_listening_channels()");
  if (of.luck().one_in(3)) ask_either_way(of, of.luck().one_in(2) ? "unlisten *" : "unlisten " + channel);
}

void temporary(author& of) {
  of.pinned = true;
  const auto name = of.own_name("scratch");
  const bool in_transaction = of.luck().one_in(4);
  if (in_transaction) of.ask_simply("begin");
  ask_either_way(of, "create temp table " + name + (in_transaction ? " on commit drop" : "") + " as select " +
                         of.quoted_tag() + "::text as who");
  ask_either_way(of, "select * from " + name);
  if (in_transaction) of.ask_simply("commit");
  if (of.luck().one_in(3)) ask_either_way(of, "drop table " + name);
  if (of.luck().one_in(3)) ask_either_way(of, "select * from " + name);
}

void lock(author& of) {
  of.pinned = true;
  const auto key = "(" + of.schema().substr(1) + ", " + std::to_string(of.luck().between(1, 3)) + ")";
  const bool within = of.luck().one_in(3);
  if (within) of.ask_simply("begin");
  ask_either_way(of, "select " + of.quoted_tag() + ", pg_advisory_" + (within ? "xact_" : "") + "lock" + key);
  of.ask_simply("select " + of.quoted_tag() +
                ", count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()");
  if (within) {
    of.ask_simply(of.luck().one_in(2) ? "commit" : "rollback");
  } else if (of.luck().one_in(2)) {
    ask_either_way(of, "select " + of.quoted_tag() + ", pg_advisory_unlock" + key);
  }
}

void hold(author& of) {
  of.pinned = true;
  const auto name = of.own_name("kept");
  const bool within = of.luck().one_in(2);
  if (within) of.ask_simply("begin");
  ask_either_way(of, "declare " + name + " cursor with hold for select " + of.quoted_tag() + ", n from " +
                         of.table("item") + " order by id");
  if (within) of.ask_simply(of.luck().one_in(4) ? "rollback" : "commit");
  ask_either_way(of, "fetch 2 from " + name);
  if (of.luck().one_in(2)) ask_either_way(of, of.any_sql());
  if (of.luck().one_in(2)) ask_either_way(of, "close " + name);
  if (of.luck().one_in(3)) ask_either_way(of, "fetch 1 from " + name);
}

// Outside of a transaction the next statement may be another connection's affair.
void seeded(author& of) {
  of.pinned = true;
  const auto value = "0." + std::to_string(of.luck().between(1, 4));
  of.ask_simply("begin");
  ask_either_way(of, "select " + of.quoted_tag() + ", setseed(" + value + ")");
  ask_either_way(of, "select " + of.quoted_tag() + ", random()");
  of.ask_simply("commit");
}

void sequence(author& of) {
  of.ask_simply("begin");
  const auto name = "'" + of.table("seq") + "'";
  // Only what has drawn a number in its transaction is promised to be told of it.
  ask_either_way(of, "select " + of.quoted_tag() + ", nextval(" + name + ")");
  ask_either_way(of, "select " + of.quoted_tag() + ", currval(" + name + ")");
  of.ask_simply("commit");
}

}  // namespace

const std::vector<scene_entry>& sql_scenes() {
  using f = feature;
  static const std::vector<scene_entry> all{
      {{f::settings}, 4, settings},
      {{f::settings, f::unsynced}, 1, settings_behind_an_error},
      {{f::role}, 1, role},
      {{f::transaction}, 3, begin},
      {{f::read_only}, 2, begin_read_only},
      {{f::transaction}, 2, savepoint},
      {{f::transaction}, 1, transaction_word},
      {{f::deallocate, f::named}, 2, deallocate},
      {{f::deallocate, f::named}, 1, execute_by_sql},
      {{f::prepare}, 1, sql_prepare},
      {{f::discard}, 1, discard},
      {{f::ddl}, 2, ddl},
      {{f::listen}, 1, listen},
      {{f::temporary}, 1, temporary},
      {{f::lock}, 1, lock},
      {{f::hold}, 1, hold},
      {{f::seed}, 1, seeded},
      {{f::sequence}, 1, sequence},
  };
  return all;
}

}  // namespace highwater::fuzz
