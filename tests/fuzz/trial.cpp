#include "tests/fuzz/trial.hpp"

#include <algorithm>

namespace highwater::fuzz {
namespace {

constexpr std::size_t nobody = 99;  // whose tags are in no answer

// What a stuck one waits for is often another's mistake: that one says more.
bool says_more(const difference& one, const difference& than) {
  const auto weight = [](kind k) { return k == kind::crosstalk ? 0 : k == kind::differs ? 1 : 2; };
  return weight(one.kind) < weight(than.kind);
}

}  // namespace

std::string failure::signature() const {
  const bool visits = who.starts_with("visitor");
  return who.substr(0, who.find(' ')) + (visits ? " at " + std::to_string(what.step) : "") + " " + what.signature();
}

std::optional<failure> trial::run(const case_of& what) {
  auto found = play_clients(what);
  if (!found) found = let_visit(what, false);
  if (!found && what.setting.transaction_pooling) found = let_visit(what, true);
  if (const auto trouble = arena_.trouble(); !trouble.empty() && !found)
    found = failure{"proxy", {kind::differs, 0, 0, "", trouble}, {}, {}, {}};
  return found;
}

void trial::warm_up(const case_of& what) {
  let_visit(what, false);
}

// Each over a connection of its own. They meet nowhere, so it is the same as one after the other, and quicker.
std::vector<account> trial::alone(const round& programs, bool shapes, std::uint64_t seed) {
  arena_.reset_alone(programs.size(), shapes);
  const score how{
      .seed = seed, .pace = pace::at_once, .connections = programs.size(), .patience = patience_, .stay = false};
  auto told = play(programs, arena_.alone(), how);
  for (auto& one : told) one = reduced(std::move(one));
  if (shapes) arena_.reset_alone(programs.size(), true);
  return told;
}

std::optional<failure> trial::play_clients(const case_of& what) {
  const auto& programs = what.programs;
  const bool shapes = std::any_of(programs.begin(), programs.end(), [](const auto& one) { return one.changes_schema; });
  const auto expected = alone(programs, shapes, what.seed);
  for (std::size_t i = 0; i < programs.size(); ++i) {
    if (!expected[i].stuck) continue;
    return failure{"fuzzer",
                   {kind::stuck, 0, 0, "", "X PostgreSQL itself does not answer: a wrong program"},
                   programs[i],
                   {},
                   expected[i]};
  }
  arena_.reset_proxied(programs.size(), false);
  const score how{.seed = what.seed,
                  .pace = what.seed % 2 == 0 ? pace::at_once : pace::turns,
                  .connections = what.setting.pool,
                  .patience = patience_,
                  .stay = what.setting.transaction_pooling};
  const auto actual = play(programs, arena_.proxied(), how);
  std::optional<failure> worst;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const auto told = reduced(actual[i]);
    const auto found = compare(expected[i], told, i);
    if (found && (!worst || says_more(*found, worst->what)))
      worst = failure{"client " + std::to_string(i), *found, programs[i], expected[i], told};
  }
  if (!worst && shapes) arena_.reset_proxied(programs.size(), true);
  return worst;
}

account trial::reduced(account told) const {
  if (!on_.has(feature::status)) told = without_status(std::move(told));
  if (!on_.has(feature::names)) told = without_names(std::move(told));
  return told;
}

const account& trial::visitor_alone(const program& what, bool pooling, bool on_replica) {
  auto& known = visitors_[{pooling, on_replica}];
  if (known.exchanges.empty()) known = reduced(play({what}, arena_.alone(), {}).front());
  return known;
}

std::optional<failure> trial::let_visit(const case_of& what, bool on_replica) {
  const bool pooling = what.setting.transaction_pooling;
  const auto visitor = write_visitor({on_, pooling, 0}, on_replica);
  const auto& expected = visitor_alone(visitor, pooling, on_replica);
  const score how{
      .seed = what.seed, .pace = pace::turns, .connections = what.setting.pool, .patience = patience_, .stay = pooling};
  const auto actual = play(std::vector<program>(what.setting.pool, visitor), arena_.proxied(), how);
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const auto told = reduced(actual[i]);
    if (const auto found = compare(expected, told, nobody))
      return failure{"visitor " + std::to_string(i), *found, visitor, expected, told};
  }
  return std::nullopt;
}

}  // namespace highwater::fuzz
