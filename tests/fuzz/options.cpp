#include "tests/fuzz/options.hpp"

#include <CLI/CLI.hpp>

namespace highwater::fuzz {

options parse_options(int count, char** words) {
  options asked;
  std::string without, only;
  bool replay = false;
  CLI::App app("Random message sequences to PostgreSQL and to Highwater: both have to answer the same.");
  app.add_option("--seed", asked.seed, "Of all that is random; a new one if it is not given");
  app.add_option("--sequences", asked.sequences, "How many clients' programs, two to four a round");
  app.add_option("--time", asked.seconds, "Seconds after which no new round is begun; 0: no limit");
  auto* number = app.add_option("--round", asked.only_round, "Only this round, on a new proxy");
  app.add_flag("--replay", replay, "With --seed and --round: a failure again, printed in full")->needs(number);
  const std::string known = "; features: " + features::all().text();
  const auto check = [](const std::string& names) {
    return features_of(names) ? std::string{} : "'" + names + "' is no list of features";
  };
  auto* left_out = app.add_option("--without", without, "Leave these features out" + known)->check(check);
  app.add_option("--only", only, "These features alone")->check(check)->excludes(left_out);
  app.add_option("--replicas", asked.replicas, "Replicas of the cluster")->check(CLI::Range(0, 3));
  app.add_option_function<std::string>(
         "--target", [&](const std::string& what) { asked.direct = what == "direct"; },
         "proxy (default); direct: PostgreSQL itself, which proves the fuzzer")
      ->check(CLI::IsMember({"proxy", "direct"}));
  app.add_option("--level", asked.level, "What the proxy promises; with `eventual`, sessions miss their own writes")
      ->check(CLI::IsMember({"eventual", "session", "causal", "strong", "primary"}));
  app.add_option("--failures", asked.failures, "Stop after so many different failures");
  app.add_option("--patience", asked.patience_seconds, "Seconds without a word after which a connection is stuck");
  app.add_option("--minimise", asked.minimise_seconds, "Seconds to make a failure's programs smaller; 0: do not");
  app.add_flag("--print", asked.print, "Print every program");
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& mistake) {
    std::exit(app.exit(mistake) == 0 ? 0 : 2);
  }
  if (!only.empty()) {
    asked.on = *features_of(only);
    asked.features_text = " --only " + only;
  }
  if (!without.empty()) {
    const auto off = *features_of(without);
    for (std::size_t i = 0; i < feature_count; ++i) {
      if (off.has(static_cast<feature>(i))) asked.on.set(static_cast<feature>(i), false);
    }
    asked.features_text = " --without " + without;
  }
  asked.print |= replay;
  return asked;
}

}  // namespace highwater::fuzz
