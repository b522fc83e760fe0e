#include "proxy/process/desk.hpp"

#include <malloc.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <mutex>
#include <utility>

#include "config/allowed.hpp"
#include "config/options.hpp"
#include "proxy/console/shows.hpp"
#include "proxy/console/sqlstate.hpp"
#include "proxy/io/log_text.hpp"
#include "proxy/process/program.hpp"

namespace highwater::proxy {

namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds stats_period_length{60};

// Of this thread alone: Linux has a niceness for each.
void give_way() noexcept {
  constexpr int niceness = 10;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
}

std::vector<console::config_facts> config_facts_of(const config::config& settings) {
  std::vector<console::config_facts> facts;
  for (auto& one : config::options_of(settings)) {
    const bool changeable = !config::needs_restart(one.key);
    facts.push_back({std::move(one.key), std::move(one.value), std::move(one.default_value), changeable});
  }
  return facts;
}

bool is_about_database(console::verb what) noexcept {
  switch (what) {
    using enum console::verb;
    case pause:
    case resume:
    case wait_close:
    case reconnect:
    case kill:
    case disable:
    case enable:
      return true;
    default:
      return false;
  }
}

console::memory_facts heap() {
  const auto now = ::mallinfo2();
  return {"heap", 1, now.uordblks, now.fordblks};
}

}  // namespace

desk::desk(process_context& process, process_control control)
    : process_(process),
      control_(std::move(control)),
      work_(asio::make_work_guard(io_)),
      period_timer_(io_),
      period_began_(clock::now()) {}

void desk::start() {
  thread_ = std::thread([this] {
    give_way();
    close_period();
    io_.run();
  });
  ::pthread_setname_np(thread_.native_handle(), "desk");
}

void desk::stop() {
  if (!thread_.joinable()) return;
  io_.stop();
  thread_.join();
}

std::string_view desk::version() const noexcept {
  return proxy::version;
}

// What clients call a database and what the servers do, an operator may call it.
void desk::run(const console::command& what, std::weak_ptr<const void> asking, reply tell) {
  auto told = what;
  if (is_about_database(what.what))
    told.subject = config::names_on_servers(*process_.settings.load(), "", what.subject).database;
  auto asked = std::make_shared<const errand>(errand{std::move(told), std::move(asking), std::move(tell)});
  asio::post(io_, [this, asked = std::move(asked)] { begin(asked); });
}

void desk::begin(const errand_ptr& asked) {
  using console::verb;
  if (asked->what.what != verb::show)
    spdlog::info("an operator says {}{}", asked->what.tag,
                 asked->what.subject.empty() ? "" : " " + asked->what.subject);
  switch (asked->what.what) {
    case verb::show:
      return show(asked);
    case verb::pause:
      return pause(asked);
    case verb::resume:
      return resume(asked);
    case verb::kill:
      return kill(asked);
    case verb::kill_client:
      return kill_client(asked);
    case verb::disable:
      return admit(asked, true);
    case verb::enable:
      return admit(asked, false);
    case verb::reconnect:
      return reconnect(asked);
    case verb::wait_close:
      return wait_close(asked);
    case verb::drain:
      return drain(asked, true);
    case verb::undrain:
      return drain(asked, false);
    case verb::reload:
      return reload(asked);
    case verb::shutdown:
      return shut_down(asked);
    case verb::set:
      return set(asked);
    default:  // what the exchange answers itself
      break;
  }
}

// What needs a restart is in the log, as everything that is wrong is, too.
void desk::reload(const errand_ptr& asked) {
  control_.reload([asked](const reloader::outcome& how) {
    if (how.applied) return asked->tell(console::done{});
    std::string mistakes;
    for (const auto& each : how.mistakes) mistakes += (mistakes.empty() ? "" : "\n") + each;
    asked->tell(wire::error{std::string(console::sqlstate::config_file_error), "the configuration stays as it was",
                            std::move(mistakes), "Mend the file, and say RELOAD again."});
  });
}

void desk::set(const errand_ptr& asked) {
  control_.set(asked->what.subject, asked->what.value, [asked](const reloader::outcome& how) {
    if (how.applied) return asked->tell(console::done{});
    if (!how.kept.empty())
      return asked->tell(wire::error{std::string(console::sqlstate::cannot_change_parameter),
                                     "option \"" + asked->what.subject + "\" cannot be changed without a restart", "",
                                     "Change the configuration's file, and restart."});
    asked->tell(wire::error{std::string(wire::sqlstate::invalid_parameter_value), "the configuration stays as it was",
                            how.mistakes.front(), ""});
  });
}

void desk::show(const errand_ptr& asked) {
  using console::view;
  const auto what = asked->what.shows;
  console::facts facts;
  switch (what) {
    case view::config:
      facts.config = config_facts_of(*process_.settings.load());
      break;
    case view::mem:
      facts.memory.push_back(heap());
      break;
    case view::version:
    case view::state:
      facts.process = {proxy::version, said_.all_paused, control_.leaves()};
      break;
    default:
      return survey([this, asked](census all) { asked->tell(console::show(asked->what.shows, know(std::move(all)))); },
                    what == view::clients || what == view::servers);
  }
  asked->tell(console::show(what, facts));
}

console::facts desk::know(census all) const {
  const auto view = process_.board.newest();
  const auto settings = process_.settings.load();
  return facts_of(std::move(all), {*settings, process_.cluster.nodes, *view, said_, period_, clock::now()});
}

// The last one who lets go of it tells.
void desk::on_each_worker(std::function<void(worker_context&)> what, std::function<void()> then) {
  const std::shared_ptr<void> latch(nullptr, [this, then = std::move(then)](void*) { asio::post(io_, then); });
  process_.on_each_worker([what = std::move(what), latch](worker_context& there) { what(there); });
}

void desk::survey(std::function<void(census)> then, bool in_full) {
  struct gathering {
    std::mutex mutex;
    census all;
  };
  const auto found = std::make_shared<gathering>();
  const moment at{clock::now(), std::chrono::system_clock::now(), in_full};
  on_each_worker(
      [found, at](worker_context& there) {
        auto part = take_census(there, at);
        const std::scoped_lock lock(found->mutex);
        found->all.add(std::move(part));
      },
      [found, then = std::move(then)] { then(std::move(found->all)); });
}

void desk::close_period() {
  survey([this](census all) {
    const auto now = clock::now();
    const auto after = std::chrono::duration_cast<std::chrono::microseconds>(now - period_began_);
    if (after.count() > 0) period_.close(std::move(all.usage), after);
    period_began_ = now;
  });
  period_timer_.expires_after(stats_period_length);
  period_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) close_period();
  });
}

}  // namespace highwater::proxy
