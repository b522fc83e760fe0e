#pragma once

// One round on trial: what each client is told alone, what it is told among the others through the proxy, and what
// those find who come afterwards.

#include <map>
#include <optional>
#include <string>

#include "tests/fuzz/arena.hpp"
#include "tests/fuzz/generator.hpp"
#include "tests/fuzz/minimise.hpp"

namespace highwater::fuzz {

struct failure {
  std::string who;  // "client 2", "visitor 0"
  difference what;
  program whose;
  account expected, actual;

  std::string signature() const;
};

struct case_of {
  std::size_t number = 0;
  std::uint64_t seed = 0;
  fuzz::setting setting;
  round programs;
};

class trial {
public:
  trial(arena& where, const features& on) : arena_(where), on_(on) {}

  void be_patient_for(std::chrono::milliseconds time) { patience_ = time; }
  std::optional<failure> run(const case_of& what);
  void warm_up(
      const case_of& what);  // a new proxy, by visitors: what they prepare is there already when a round begins

private:
  std::optional<failure> play_clients(const case_of& what);
  std::optional<failure> let_visit(const case_of& what, bool on_replica);
  account reduced(account told) const;  // to what is compared
  std::vector<account> alone(const round& programs, bool shapes, std::uint64_t seed);
  const account& visitor_alone(const program& what, bool pooling, bool on_replica);

  arena& arena_;
  features on_;
  std::chrono::milliseconds patience_{10'000};
  std::map<std::pair<bool, bool>, account> visitors_;
};

}  // namespace highwater::fuzz
