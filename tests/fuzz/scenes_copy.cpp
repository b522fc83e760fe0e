// Scenes about COPY: while it lasts the protocol is another one.

#include "tests/fuzz/author.hpp"

namespace highwater::fuzz {
namespace {

std::string good_rows(author& of) {
  std::string rows;
  const auto count = of.luck().between(1, 3);
  for (std::size_t i = 0; i < count; ++i) rows += std::to_string(of.fresh_number()) + "\t" + of.tag() + "\n";
  return rows;
}

std::string bad_row(author& of) {
  switch (of.luck().below(4)) {
    case 0:
      return "nonsense\t" + of.tag() + "\n";
    case 1:
      return "99999\t" + of.tag() + "\n";  // not allowed by the CHECK
    case 2:
      return "1\tthere already\n";
    default:
      return std::to_string(of.fresh_number()) + "\n";  // a column is missing
  }
}

void start(author& of, std::vector<request>& all, const std::string& sql, bool simply) {
  if (simply) {
    all.push_back(query(sql));
  } else {
    all.push_back(parse("", sql));
    all.push_back(bind("", ""));
    all.push_back(execute());
    if (of.luck().one_in(2) && of.may(feature::flush)) all.push_back(plain(ask::flush));
  }
}

void late(author& of, std::vector<request>& all) {
  const std::array<request, 3> words{plain(ask::copy_data, "12345\t" + of.tag() + "\n"), plain(ask::copy_done),
                                     plain(ask::copy_fail, "late " + of.tag())};
  const auto count = of.luck().between(1, 3);
  for (std::size_t i = 0; i < count; ++i) all.push_back(of.luck().of(words));
}

// True if there is a Sync in it.
bool data(author& of, std::vector<request>& all) {
  const auto pieces = of.luck().between(1, 3);
  const bool fails = of.luck().one_in(3);
  bool syncs = false;
  const auto bad = of.luck().below(pieces);
  for (std::size_t i = 0; i < pieces; ++i) {
    if (of.may(feature::late_copy) && of.luck().one_in(6)) all.push_back(plain(ask::flush));
    if (of.may(feature::late_copy) && of.luck().one_in(6)) {
      all.push_back(plain(ask::sync));
      syncs = true;
    }
    all.push_back(plain(ask::copy_data, fails && i == bad ? bad_row(of) : good_rows(of)));
  }
  return syncs;
}

void end(author& of, std::vector<request>& all) {
  all.push_back(of.luck().one_in(4) ? plain(ask::copy_fail, "no more " + of.tag()) : plain(ask::copy_done));
  if (of.may(feature::late_copy) && of.luck().one_in(4)) late(of, all);
}

// How many Syncs the server has answered is known behind this.
void append_barrier(std::vector<request>& all) {
  all.push_back(plain(ask::sync));
  all.push_back(plain(ask::barrier));
}

void copy_in(author& of) {
  const bool simply = of.luck().one_in(2);
  const bool in_one_piece = of.luck().one_in(2);
  std::vector<request> all;
  start(of, all, "copy " + of.table("line") + " from stdin", simply);
  // As libpq does it: the Sync is sent at once, and ignored.
  if (!simply && of.luck().one_in(3)) all.push_back(plain(ask::sync));
  if (!in_one_piece) of.say(std::exchange(all, {}));
  const bool syncs = data(of, all);
  if (!in_one_piece && of.luck().one_in(2)) of.say(std::exchange(all, {}));
  end(of, all);
  if (of.luck().one_in(3) && simply && !syncs) {
    of.say(std::exchange(all, {}));
    of.ask_simply(of.read_sql());
    return;
  }
  append_barrier(all);
  of.say(all);
}

void copy_in_among_others(author& of) {
  std::vector<request> all;
  if (of.luck().one_in(2)) {
    all.push_back(query(of.any_sql() + "; copy " + of.table("line") + " from stdin; " + of.any_sql()));
    data(of, all);
    end(of, all);
  } else {
    of.append_command(all);
    start(of, all, "copy " + of.table("line") + " (n, w) from stdin", false);
    data(of, all);
    end(of, all);
    of.append_command(all);
  }
  append_barrier(all);
  of.say(all);
}

void copy_out(author& of) {
  const std::string what = of.luck().one_in(5)   ? "copy " + of.table("nothing") + " to stdout"
                           : of.luck().one_in(2) ? "copy " + of.table("line") + " to stdout"
                                                 : "copy (select " + of.quoted_tag() + ", n from " + of.table("item") +
                                                       " order by id) to stdout";
  if (of.luck().one_in(2)) return of.ask_simply(what);
  std::vector<request> all{parse("", what), bind("", ""), execute(), plain(ask::sync)};
  of.say(all);
}

void copy_words_without_copy(author& of) {
  std::vector<request> all;
  late(of, all);
  if (of.luck().one_in(2)) of.say(std::exchange(all, {}));
  all.push_back(query(of.read_sql()));
  of.say(all);
}

}  // namespace

const std::vector<scene_entry>& copy_scenes() {
  using f = feature;
  static const std::vector<scene_entry> all{
      {{f::copy}, 3, copy_in},
      {{f::copy}, 1, copy_in_among_others},
      {{f::copy}, 1, copy_out},
      {{f::copy, f::late_copy}, 1, copy_words_without_copy},
  };
  return all;
}

}  // namespace highwater::fuzz
