#pragma once

// Round after round, until there is something to tell.

#include <set>

#include "tests/fuzz/options.hpp"
#include "tests/fuzz/trial.hpp"

namespace highwater::fuzz {

class hunt {
public:
  explicit hunt(const options& asked);

  int run();  // the exit code: 0 if nothing was found, else 1

private:
  case_of round_of(std::size_t number) const;
  void serve_anew(const case_of& what);
  std::optional<failure> try_round(const case_of& what);
  void found(const case_of& where, const failure& what);
  std::optional<failure> on_a_new_proxy(const case_of& what);
  void minimise_and_tell(case_of where, const failure& what);
  void retire_proxy(const case_of& now);
  void count_reads();

  options asked_;
  arena arena_;
  trial trial_;
  std::set<std::string> known_;  // signatures
  std::size_t sequences_ = 0, rounds_ = 0, failures_ = 0;
  bool good_proxy_ = false;
  double primary_reads_ = 0, replica_reads_ = 0;
};

}  // namespace highwater::fuzz
