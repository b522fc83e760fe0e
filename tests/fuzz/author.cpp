#include "tests/fuzz/author.hpp"

namespace highwater::fuzz {

std::string author::statement_name() {
  // The same for all clients: whose is whose, only the connection says.
  constexpr std::array<const char*, 5> names{"a", "b", "S_1", "stmt two", "x"};
  return luck_.of(names);
}

std::string author::read_sql() {
  const auto item = table("item");
  switch (luck_.below(7)) {
    case 0:
      return "select " + quoted_tag() + ", n from " + item + " where id = 1";
    case 1:
      return "select " + quoted_tag() + ", * from " + item + " order by id";
    case 2:
      return "select " + quoted_tag() + ", sum(n), max(tag) from " + item;
    case 3:
      return "select " + quoted_tag() + ", count(*), min(n), max(n) from " + table("line");
    case 4:
      return "select " + quoted_tag() + " as who, '2020-02-03 04:05:06+00'::timestamptz, 1.5::float8 / 3";
    case 5:
      return "select " + quoted_tag() + ", x from generate_series(1, " + std::to_string(luck_.between(0, 4)) +
             ") as g(x)";
    default:
      return "select id, n from " + item + " where id < 3 order by id /* " + tag() + " */";
  }
}

std::string author::write_sql() {
  const auto number = std::to_string(fresh_number());
  switch (luck_.below(5)) {
    case 0:
    case 1:
      return "update " + table("item") + " set n = n + 1, tag = " + quoted_tag() + " where id = 1 returning n, tag";
    case 2:
      return "insert into " + table("line") + " values (" + number + ", " + quoted_tag() + ")";
    case 3:
      return "insert into " + table("line") + " values (" + number + ", " + quoted_tag() + ") returning *";
    default:
      return "update " + table("item") + " set n = n + 10 where id = " + std::to_string(luck_.between(1, 3));
  }
}

std::string author::error_sql() {
  switch (luck_.below(8)) {
    case 0:
      return "select 1/0, " + quoted_tag();
    case 1:
      return "select " + quoted_tag() + "::int";
    case 2:
      return "select * from " + table("nothing");
    case 3:
      return "selec " + quoted_tag();
    case 4:
      return "insert into " + table("item") + " values (1, 1, " + quoted_tag() + ")";
    case 5:
      return "insert into " + table("item") + " values (9, 5000, " + quoted_tag() + ")";
    case 6:
      return "select nosuch from " + table("item");
    default:
      // Found while rows are coming.
      return "select " + quoted_tag() + ", 1 / (3 - x) from generate_series(1, 5) as g(x)";
  }
}

std::string author::any_sql() {
  const auto drawn = luck_.below(10);
  return drawn < 5 ? read_sql() : drawn < 8 ? write_sql() : error_sql();
}

std::string author::returning_sql() {
  return luck_.one_in(3)
             ? "update " + table("item") + " set n = n + 1, tag = " + quoted_tag() + " where id = 1 returning n, tag"
             : read_sql();
}

void author::append_run(std::vector<request>& to, const std::string& name, values parameters) {
  to.push_back(bind("", name, std::move(parameters)));
  if (luck_.one_in(3)) to.push_back(plain(ask::describe_portal));
  to.push_back(execute("", luck_.one_in(5) ? 2 : 0));
}

void author::append_command(std::vector<request>& to) {
  if (luck_.one_in(3)) {
    // The same text for everybody, and the asker in its parameter.
    to.push_back(parse("", "select $1::text, n from item where id = $2"));
    if (luck_.one_in(3)) to.push_back(plain(ask::describe_statement));
    return append_run(to, "", {tag(), std::to_string(luck_.between(1, 3))});
  }
  to.push_back(parse("", any_sql()));
  if (luck_.one_in(4)) to.push_back(plain(ask::describe_statement));
  append_run(to, "");
}

}  // namespace highwater::fuzz
