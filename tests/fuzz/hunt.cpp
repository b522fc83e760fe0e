#include "tests/fuzz/hunt.hpp"

#include <cstdio>

namespace highwater::fuzz {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t rounds_of_a_proxy = 40;

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

std::string text_of(const round& programs) {
  std::string text;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    if (!programs[i].steps.empty()) text += " client " + std::to_string(i) + "\n" + to_string(programs[i]);
  }
  return text;
}

std::string text_of(const failure& what) {
  const exchange none;
  const auto at = what.what.exchange;
  const auto& expected = at < what.expected.exchanges.size() ? what.expected.exchanges[at] : none;
  const auto& actual = at < what.actual.exchanges.size() ? what.actual.exchanges[at] : none;
  return " " + what.signature() + "\n " + what.who + ", from step " + std::to_string(expected.first_step) + " to " +
         std::to_string(expected.last_step) + (what.actual.stuck ? "; it was stuck at the end" : "") +
         "; expected, and what came:\n" + side_by_side(expected, actual) + what.what.actual + "\n";
}

}  // namespace

hunt::hunt(const options& asked)
    : asked_(asked), arena_(asked.replicas, asked.direct, asked.level), trial_(arena_, asked.on) {
  if (asked_.seed == 0)
    asked_.seed = static_cast<std::uint64_t>(clock::now().time_since_epoch().count()) % 1'000'000'007;
}

case_of hunt::round_of(std::size_t number) const {
  case_of made;
  made.number = number;
  made.seed = seed_of(asked_.seed, number);
  made.setting = all_settings()[number / rounds_of_a_proxy % all_settings().size()];
  made.programs = write_round({asked_.on, made.setting.transaction_pooling, number}, made.seed);
  return made;
}

int hunt::run() {
  print("seed " + std::to_string(asked_.seed) + asked_.features_text + "\n");
  const auto begun = clock::now();
  trial_.be_patient_for(std::chrono::seconds(asked_.patience_seconds));
  for (auto number = asked_.only_round.value_or(0); sequences_ < asked_.sequences; ++number) {
    if (asked_.seconds != 0 && clock::now() - begun > std::chrono::seconds(asked_.seconds)) break;
    const auto now = round_of(number);
    if (number % rounds_of_a_proxy == 0 || rounds_ == 0) {
      retire_proxy(now);
      serve_anew(now);
    }
    if (asked_.print)
      print("round " + std::to_string(number) + ", " + to_string(now.setting) + "\n" + text_of(now.programs));
    if (const auto what = try_round(now)) found(now, *what);
    ++rounds_;
    sequences_ += now.programs.size();
    if (asked_.only_round || known_.size() >= asked_.failures) break;
  }
  retire_proxy(round_of(0));
  const auto seconds = std::chrono::duration<double>(clock::now() - begun).count();
  char line[200];
  std::snprintf(line, sizeof line,
                "%zu sequences in %zu rounds, %.1f s; reads: %.0f by replicas, %.0f by the primary; ", sequences_,
                rounds_, seconds, replica_reads_, primary_reads_);
  print(line + std::to_string(failures_) + " failures, " + std::to_string(known_.size()) + " different ones\n");
  return failures_ == 0 ? 0 : 1;
}

void hunt::serve_anew(const case_of& what) {
  arena_.serve(what.setting);
  trial_.warm_up(what);
}

std::optional<failure> hunt::try_round(const case_of& what) {
  try {
    return trial_.run(what);
  } catch (const std::exception& trouble) {
    return failure{"proxy", {kind::differs, 0, 0, "", std::string("X ") + trouble.what()}, {}, {}, {}};
  }
}

void hunt::found(const case_of& where, const failure& what) {
  ++failures_;
  if (known_.insert(what.signature()).second) {
    minimise_and_tell(where, what);
  } else {
    print("again in round " + std::to_string(where.number) + ": " + what.signature() + "\n");
  }
  count_reads();
  serve_anew(where);
}

// A proxy that nothing has failed on is nearly as good as a new one: what fails there is tried again on a new one.
std::optional<failure> hunt::on_a_new_proxy(const case_of& what) {
  if (good_proxy_ && !try_round(what)) return std::nullopt;
  serve_anew(what);
  auto found = try_round(what);
  good_proxy_ = !found;
  return found;
}

void hunt::minimise_and_tell(case_of where, const failure& what) {
  print("\nFAILED in round " + std::to_string(where.number) + " (" + to_string(where.setting) + ")\n" + text_of(what));
  print("again: --seed " + std::to_string(asked_.seed) + " --round " + std::to_string(where.number) +
        asked_.features_text + " --replay\n");
  if (asked_.minimise_seconds == 0) return print(text_of(where.programs));
  // A matter of chance may need several tries; and the way in which it fails, too, may be a matter of chance.
  std::optional<failure> last;
  good_proxy_ = false;
  for (int tries = 0; tries < 3 && !last; ++tries) last = on_a_new_proxy(where);
  if (!last) return print("on a new proxy, the same round passes. Its programs:\n" + text_of(where.programs));
  const auto signature = last->signature();
  known_.insert(signature);
  trial_.be_patient_for(std::chrono::seconds(std::min(asked_.patience_seconds, 2U)));
  const auto end = clock::now() + std::chrono::seconds(asked_.minimise_seconds);
  where.programs = minimise(
      where.programs,
      [&](const round& shorter) {
        auto smaller = where;
        smaller.programs = shorter;
        auto again = on_a_new_proxy(smaller);
        if (!again || again->signature() != signature) return false;
        last = std::move(again);
        return true;
      },
      [&] { return clock::now() > end; });
  trial_.be_patient_for(std::chrono::seconds(asked_.patience_seconds));
  print("minimised:\n" + text_of(where.programs) + text_of(*last) + "\n");
}

void hunt::retire_proxy(const case_of& now) {
  count_reads();
  const auto trouble = arena_.retire();
  if (trouble.empty()) return;
  ++failures_;
  known_.insert("proxy");
  print("FAILED before round " + std::to_string(now.number) + ": " + trouble);
}

void hunt::count_reads() {
  primary_reads_ += arena_.reads("primary");
  replica_reads_ += arena_.reads("replica");
}

}  // namespace highwater::fuzz
