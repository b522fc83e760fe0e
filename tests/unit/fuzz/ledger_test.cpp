#include "tests/fuzz/ledger.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace highwater::fuzz {
namespace {

struct exchange_case {
  const char* what;
  // In order of time: a client's messages in capitals as in the protocol, "B" for Bind; "!" is the empty Query. What
  // the server says stands behind a '<'.
  const char* said;
  const char* settled;  // after each: '.' settled, 'x' something is due
};

ask ask_of(char type) {
  switch (type) {
    case 'Q':
      return ask::query;
    case 'P':
      return ask::parse;
    case 'B':
      return ask::bind;
    case 'D':
      return ask::describe_portal;
    case 'E':
      return ask::execute;
    case 'C':
      return ask::close_statement;
    case 'S':
      return ask::sync;
    case 'H':
      return ask::flush;
    case 'd':
      return ask::copy_data;
    case 'c':
      return ask::copy_done;
    case 'f':
      return ask::copy_fail;
    default:
      return ask::barrier;
  }
}

TEST(ledger, knows_when_all_has_been_said) {
  const exchange_case cases[] = {
      {"a query", "Q<T<D<C<Z", "xxxx."},
      {"a query that fails", "Q<E<Z", "xx."},
      {"notices and settings settle nothing", "Q<N<S<C<Z", "xxxx."},
      {"without a Sync nothing is due", "PBES<1<2<C<Z", "...xxxx."},
      {"a Flush is due", "PH<1S<Z", ".x.x."},
      {"behind an error all is skipped, a Query too", "PBQS<E<Z", "..xxx."},
      {"an error in the middle of a Flush", "PBH<1<EQES<Z", "..xx...x."},
      {"a Query within an exchange", "PBEQ<1<2<C<C<ZS<Z", "...xxxxx.x."},
      {"a row limit", "BEES<2<s<C<Z", "...xxxx."},
      {"Describe", "DS<T<Z", ".xx."},
      {"Close", "CS<3<Z", ".xx."},
      {"two Syncs", "SS<Z<Z", "xxx."},
      {"a commit that fails", "PBES<1<2<C<E<Z", "...xxxxx."},
      {"a copy waits for its data", "Q<Gddc<C<Z", "x...xx."},
      {"a copy that fails at once", "Q<E<Zdc", "xx..."},
      {"a copy that fails in the middle", "Q<Gd<E<Zdc", "x..x..."},
      {"a copy that is ended with CopyFail", "Q<Gf<E<Z", "x.xx."},
      {"a copy in one piece with what follows", "QdcQ<G<C<Z<C<Z", "xxxxxxxx."},
      {"a copy by Execute needs a Sync", "PBEH<1<2<Gdc<CS<Z",
       "...xxx...."
       "x."},
      {"the Sync within a copy is ignored", "PBES<1<2<GdcS<C<Z",
       "...xxx..."
       "xx."},
      {"an empty query tells how many Syncs there were", "PBES<1<2<GdS!<E<Z<I<Z",
       "...xxx"
       "...xxxx."},
  };
  for (const auto& one : cases) {
    ledger owed;
    std::string settled;
    for (const char* at = one.said; *at != '\0'; ++at) {
      if (*at == '<') {
        owed.received(*++at);
      } else {
        owed.sent(ask_of(*at));
      }
      settled += owed.settled() ? '.' : 'x';
    }
    EXPECT_EQ(settled, one.settled) << one.what;
  }
}

TEST(ledger, knows_that_an_exchange_has_failed) {
  ledger owed;
  owed.sent(ask::parse);
  EXPECT_FALSE(owed.skipping());
  owed.received('E');
  EXPECT_TRUE(owed.skipping());
  owed.sent(ask::sync);
  owed.received('Z');
  EXPECT_FALSE(owed.skipping());
}

}  // namespace
}  // namespace highwater::fuzz
