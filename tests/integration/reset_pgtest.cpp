// pool.server_reset: always. What nobody has seen a session leave behind, the next one does not meet.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class reset : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0}, [](highwater_config& config) { config.set("pool", "{size: 1, server_reset: always}"); });
    // Put together at run time, so that no reading of the body finds it.
    primary().tell(
        "create function hides() returns void language plpgsql stable as $$ declare s text; begin "
        "execute 'select set_' || 'config(''hidden.setting'', ''1'', false)' into s; end $$");
  }
  void SetUp() override { PROXY_ONLY(); }
};

TEST_F(reset, always_takes_away_what_was_not_seen) {
  auto one = client();
  auto other = client();
  const std::string seen = "select coalesce(nullif(current_setting('hidden.setting', true), ''), 'none')";
  one.query("begin");
  one.query("select hides()");
  EXPECT_EQ(scalar(one, seen), "1");
  one.query("commit");
  EXPECT_EQ(scalar(other, seen), "none");
  EXPECT_EQ(scalar(one, seen), "none");
}

TEST_F(reset, leaves_a_session_its_settings_and_statements) {
  auto one = client();
  auto other = client();
  one.query("set work_mem = '7MB'");
  ask(one, raw::parse("mine", "select 1") + raw::sync());
  EXPECT_EQ(scalar(other, "show work_mem"), "4MB");
  EXPECT_EQ(scalar(one, "show work_mem"), "7MB");
  EXPECT_EQ(value(ask(one, run_named("mine") + raw::sync())), "1");
}

}  // namespace
}  // namespace highwater::testing_support
