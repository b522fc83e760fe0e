#include "proxy/monitor/catalog_schedule.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using namespace std::chrono_literals;
using time_point = catalog_schedule::time_point;

constexpr time_point start = time_point(1h);

catalog_schedule::duration attempt(catalog_schedule& schedule, void (catalog_schedule::*outcome)(time_point) noexcept) {
  const auto now = schedule.due();
  schedule.begun(now);
  (schedule.*outcome)(now);
  return schedule.due() - now;
}

TEST(catalog_schedule, reads_at_once_and_then_at_its_interval) {
  catalog_schedule schedule(10s, start);
  EXPECT_EQ(schedule.due(), start);
  EXPECT_EQ(attempt(schedule, &catalog_schedule::read), 10s);
  EXPECT_EQ(attempt(schedule, &catalog_schedule::read), 10s);
}

TEST(catalog_schedule, waits_longer_after_each_failure) {
  catalog_schedule schedule(1h, start);
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    EXPECT_EQ(attempt(schedule, &catalog_schedule::failed), wait);
  }
  attempt(schedule, &catalog_schedule::read);
  EXPECT_EQ(attempt(schedule, &catalog_schedule::failed), 1s) << "a success ends the series";
}

TEST(catalog_schedule, never_waits_longer_than_its_interval) {
  catalog_schedule schedule(3s, start);
  for (const auto wait : {1s, 2s, 3s, 3s}) EXPECT_EQ(attempt(schedule, &catalog_schedule::failed), wait);
}

TEST(catalog_schedule, looks_for_a_primary_every_second) {
  catalog_schedule schedule(1h, start);
  for (int i = 0; i < 4; ++i) attempt(schedule, &catalog_schedule::failed);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(attempt(schedule, &catalog_schedule::no_primary), 1s);
  EXPECT_EQ(attempt(schedule, &catalog_schedule::failed), 1s) << "without one nothing is known to be wrong";
}

TEST(catalog_schedule, reads_soon_after_a_change) {
  catalog_schedule schedule(1h, start);
  attempt(schedule, &catalog_schedule::read);
  schedule.changed(start + 1min);
  EXPECT_EQ(schedule.due(), start + 1min + 20ms);
  schedule.changed(start + 1min + 10ms);
  EXPECT_EQ(schedule.due(), start + 1min + 20ms) << "a burst does not put it off";
}

TEST(catalog_schedule, is_not_driven_by_changes_that_change_nothing) {
  catalog_schedule schedule(1h, start);
  attempt(schedule, &catalog_schedule::read_the_same);
  schedule.changed(start + 100ms);
  EXPECT_EQ(schedule.due(), start + 1s);
  attempt(schedule, &catalog_schedule::read);
  schedule.changed(start + 2s);
  EXPECT_EQ(schedule.due(), start + 2s + 20ms);
}

TEST(catalog_schedule, reads_again_after_a_change_during_the_reading) {
  catalog_schedule schedule(1h, start);
  schedule.begun(start);
  schedule.changed(start + 1s);
  schedule.read(start + 2s);
  EXPECT_EQ(schedule.due(), start + 1s + 20ms);
}

TEST(catalog_schedule, is_not_driven_by_changes_while_it_fails) {
  catalog_schedule schedule(1h, start);
  for (int i = 0; i < 5; ++i) attempt(schedule, &catalog_schedule::failed);
  const auto due = schedule.due();
  schedule.missed();
  EXPECT_EQ(schedule.due(), due);
  schedule.changed(due - 10s);
  EXPECT_EQ(schedule.due(), due - 9s);
}

TEST(catalog_schedule, reads_for_unknown_names_every_five_seconds_at_most) {
  catalog_schedule schedule(1h, start);
  schedule.missed();
  EXPECT_EQ(schedule.due(), start);
  schedule.begun(start);
  schedule.missed();
  EXPECT_EQ(schedule.due(), start + 1h) << "the first reading is under way";
  schedule.read(start + 1s);
  schedule.missed();
  EXPECT_EQ(schedule.due(), start + 6s);
}

}  // namespace
}  // namespace highwater::proxy
