#include "proxy/io/waiting_work.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

namespace highwater::proxy {
namespace {

constexpr std::chrono::seconds patience{30};

// A job that says when it has begun, and waits to be let go.
struct held_job {
  std::shared_ptr<std::promise<void>> begun = std::make_shared<std::promise<void>>();
  std::shared_ptr<std::promise<void>> gate = std::make_shared<std::promise<void>>();
  std::shared_ptr<std::promise<void>> over = std::make_shared<std::promise<void>>();

  waiting_work::job job(waiting_work::rest then = {}) const {
    return [begun = begun, over = over, let_go = gate->get_future().share(), then]() -> waiting_work::rest {
      begun->set_value();
      let_go.wait();
      return [over, then] {
        if (then) then();
        over->set_value();
      };
    };
  }
  void await_beginning() const { ASSERT_EQ(begun->get_future().wait_for(patience), std::future_status::ready); }
  void let_go() const { gate->set_value(); }
  void await_end() const { ASSERT_EQ(over->get_future().wait_for(patience), std::future_status::ready); }
};

TEST(waiting_work, is_done_by_as_many_as_there_are_and_the_rest_waits) {
  waiting_work work("work", 2, 1);
  const held_job first, second, third;
  ASSERT_TRUE(work.run(first.job()));
  first.await_beginning();
  ASSERT_TRUE(work.run(second.job()));
  second.await_beginning();
  ASSERT_TRUE(work.run(third.job()));
  EXPECT_FALSE(work.run([]() -> waiting_work::rest { return {}; })) << "as many wait as may";
  first.let_go();
  third.await_beginning();
  second.let_go();
  third.let_go();
  first.await_end();
  second.await_end();
  third.await_end();
}

TEST(waiting_work, is_done_in_the_order_in_which_it_came_where_one_does_it) {
  waiting_work work("work", 1, 10);
  const held_job gate, last;
  std::vector<int> done;
  ASSERT_TRUE(work.run(gate.job()));
  for (const int each : {1, 2, 3}) {
    ASSERT_TRUE(work.run([&done, each]() -> waiting_work::rest {
      done.push_back(each);
      return {};
    }));
  }
  ASSERT_TRUE(work.run(last.job()));
  gate.let_go();
  last.let_go();
  last.await_end();
  EXPECT_EQ(done, (std::vector{1, 2, 3}));
}

// The end does not wait for it, and it is told to nobody who may have gone.
TEST(waiting_work, that_never_ends_keeps_nobody) {
  const held_job never, waits;
  std::promise<void> gone;
  std::atomic<bool> told = false;
  {
    waiting_work work("work", 1, 10);
    const std::shared_ptr<void> until_it_goes(nullptr, [&gone](void*) { gone.set_value(); });
    ASSERT_TRUE(work.run(never.job([&told, until_it_goes] { told = true; })));
    never.await_beginning();
    ASSERT_TRUE(work.run(waits.job()));
    work.stop();
    EXPECT_FALSE(work.run([]() -> waiting_work::rest { return {}; }));
  }
  never.let_go();
  ASSERT_EQ(gone.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_FALSE(told);
  EXPECT_EQ(waits.begun->get_future().wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
}

TEST(waiting_work, has_a_thread_for_each_who_waits_and_uses_it_again) {
  waiting_work work("work", 4, 10);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for (int i = 0; i < 20; ++i) {
    const held_job one;
    ASSERT_TRUE(work.run(one.job([&] {
      const std::scoped_lock lock(mutex);
      threads.insert(std::this_thread::get_id());
    })));
    one.let_go();
    one.await_end();
  }
  const std::scoped_lock lock(mutex);
  EXPECT_LE(threads.size(), 4U);
}

}  // namespace
}  // namespace highwater::proxy
