#include "routing/sql/table_tree.hpp"

#include <gmock/gmock.h>

#include "routing/sql/classify.hpp"

namespace highwater::sql {
namespace {

using names = std::vector<std::string>;

// events: 2023 and 2024, the latter by months; 2023 is also a child of something else.
const std::vector<catalog_inheritance> tree{{"public", "y2023", "public", "events"},
                                            {"public", "y2024", "public", "events"},
                                            {"cold", "m2024_1", "public", "y2024"},
                                            {"cold", "m2024_2", "public", "y2024"},
                                            {"public", "y2023", "public", "imported"}};

names relatives(const names& patterns, const relation& table) {
  const auto all = relatives_of(tree, patterns);
  names found;
  if (const auto mine = all.find(table); mine != all.end()) {
    for (const auto& each : mine->second) found.push_back(each.schema + "." + each.name);
  }
  return found;
}

TEST(table_tree, names_the_relatives_that_policies_are_about) {
  struct row {
    const char* why;
    names patterns;
    relation table;
    names expected;
  };
  const row rows[] = {
      {"no policy", {}, {"public", "events"}, {}},
      {"another table", {"orders"}, {"public", "events"}, {}},
      {"of its own", {"events"}, {"public", "events"}, {}},
      {"its parent", {"events"}, {"public", "y2024"}, {"public.events"}},
      {"its parent's parent", {"events"}, {"cold", "m2024_2"}, {"public.events"}},
      {"its other parent", {"imported"}, {"public", "y2023"}, {"public.imported"}},
      {"its partition", {"y2023"}, {"public", "events"}, {"public.y2023"}},
      {"its partition's partition", {"cold.m2024_1"}, {"public", "events"}, {"cold.m2024_1"}},
      {"a sibling is none", {"y2023"}, {"public", "y2024"}, {}},
      {"nor a parent's other child", {"m2024_1"}, {"cold", "m2024_2"}, {}},
      {"nor a child's other parent", {"imported"}, {"public", "events"}, {}},
      {"one is enough for a pattern", {"cold.*"}, {"public", "y2024"}, {"cold.m2024_1"}},
      {"of its own too", {"y20*"}, {"public", "y2024"}, {}},
      {"each pattern counts", {"events", "m2024_2"}, {"public", "y2024"}, {"public.events", "cold.m2024_2"}},
  };
  for (const auto& each : rows) EXPECT_EQ(relatives(each.patterns, each.table), each.expected) << each.why;
}

TEST(table_tree, is_part_of_what_a_statement_reads) {
  catalog_rows rows;
  for (const char* name : {"events", "y2023", "y2024", "imported"})
    rows.relations.push_back({"public", name, 'r', 'p', "", {}});
  rows.relations.push_back({"public", "old", 'v', 'p', "SELECT y2023.n FROM public.y2023", {}});
  rows.inheritance = tree;
  const catalog cat(rows, names{"events", "imported"});
  const relation parents[] = {{"public", "events"}, {"public", "imported"}};
  for (const char* sql : {"SELECT n FROM y2023", "SELECT n FROM old"}) {
    const auto read = classify(sql, &cat);
    EXPECT_EQ(read.kind, statement_kind::read) << sql;
    for (const auto& each : parents) EXPECT_THAT(read.relations, testing::Contains(each)) << sql;
  }
  EXPECT_THAT(classify("SELECT n FROM events", &cat).relations, testing::ElementsAre(relation{"", "events"}));
}

}  // namespace
}  // namespace highwater::sql
