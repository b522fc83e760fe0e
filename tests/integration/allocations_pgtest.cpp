// In the steady state no query makes a worker ask for memory. The proxy that runs here counts what its workers allocate
// (tests/allocations/): each kind of query runs until all has grown that grows, and then a thousand times more.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ostream>

#include "tests/allocations/page.hpp"
#include "tests/integration/routed_test.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

// The page that the counting proxy and this process share.
class counter {
public:
  counter() : file_(make_folder("allocations") / "page") {
    write_file(file_, std::string(sizeof(allocation_page), '\0'));
    const int opened = ::open(file_.c_str(), O_RDWR | O_CLOEXEC);
    void* const mapped = ::mmap(nullptr, sizeof(allocation_page), PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
    ::close(opened);
    if (mapped == MAP_FAILED) throw std::runtime_error("cannot map " + file_.string());
    page_ = static_cast<allocation_page*>(mapped);
  }
  ~counter() { ::munmap(page_, sizeof(allocation_page)); }
  counter(const counter&) = delete;
  counter& operator=(const counter&) = delete;

  program counting_program() const { return {HIGHWATER_COUNTED, {{allocation_page_variable, file_.string()}}}; }

  void begin(int to_show) {
    page_->counted = 0;
    page_->to_show = to_show;
    page_->counting = true;
  }
  std::uint64_t end() {
    page_->counting = false;
    return page_->counted;
  }

private:
  std::filesystem::path file_;
  allocation_page* page_ = nullptr;
};

enum class manner { simple, extended, prepared, pipelined };

struct step {
  manner how;
  const char* sql;
};

// A number of the proxy's that shows what has been done.
struct sign {
  std::string metric;
  labels which = {};
};

// Steps that each client takes, over and over again. Of several clients all take one before any takes the next.
struct kind {
  std::string name;
  std::string level;
  std::vector<step> steps;
  sign shown_by;
  std::size_t clients = 1;
};

std::ostream& operator<<(std::ostream& out, const kind& one) {
  return out << one.name;
}

constexpr const char* get = "select v from register where id = 7";
constexpr std::array pipeline{
    get, "select v + 1 from register where id = 7", "select id from register where v = 7", get, get, get};
constexpr const char* put = "update register set v = v + 1 where id = 7";

class client {
public:
  client(pg::connection session, const std::vector<step>& steps) : session_(std::move(session)) {
    for (const auto& one : steps) {
      if (one.how == manner::prepared) session_.prepare(one.sql, one.sql);
    }
  }

  void send(const step& what) {
    auto* const raw = session_.raw();
    int sent = 0;
    switch (what.how) {
      case manner::simple:
        sent = PQsendQuery(raw, what.sql);
        break;
      case manner::extended:
        sent = PQsendQueryParams(raw, what.sql, 0, nullptr, nullptr, nullptr, nullptr, 0);
        break;
      case manner::prepared:
        sent = PQsendQueryPrepared(raw, what.sql, 0, nullptr, nullptr, nullptr, 0);
        break;
      case manner::pipelined:
        session_.enter_pipeline();
        for (const char* sql : pipeline) session_.send_params(sql);
        session_.sync();
        sent = 1;
        break;
    }
    if (sent != 1) throw pg::error("", PQerrorMessage(raw));
  }
  void receive(const step& what) {
    if (what.how != manner::pipelined) return receive_one();
    for (std::size_t left = pipeline.size() + 1; left > 0; --left) receive_one();  // and the Sync's answer
    session_.exit_pipeline();
  }

private:
  void receive_one() {
    while (const auto one = session_.next()) {
      if (one->status() == PGRES_PIPELINE_SYNC) return;
      if (!one->ok()) throw pg::error(one->sqlstate(), one->message());
    }
  }

  pg::connection session_;
};

class allocations : public testing::TestWithParam<kind> {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    count = std::make_unique<counter>();
    lab = std::make_unique<laboratory>(
        cluster_options{.replicas = 1},
        std::vector<std::string>{"create table register (id int primary key, v int not null);"
                                 "insert into register select i, 0 from generate_series(1, 100) i"},
        [](highwater_config& config) { config.run_by(count->counting_program()).set("log", "{level: info}"); });
    count->begin(0);
    lab->connect();
    if (count->end() == 0) throw std::logic_error("nothing is counted: a login does allocate");
  }
  static void TearDownTestSuite() {
    lab.reset();
    count.reset();
  }
  void SetUp() override {
    if (!lab) GTEST_SKIP() << "needs the proxy";
  }

  static std::vector<client> clients_of(const kind& which) {
    std::vector<client> made;
    while (made.size() < which.clients) made.emplace_back(lab->connect(which.level), which.steps);
    return made;
  }

  // So many queries of all clients together, at least.
  static void run(std::vector<client>& clients, const std::vector<step>& steps, std::size_t queries) {
    for (std::size_t done = 0; done < queries; done += clients.size() * steps.size()) {
      for (const auto& one : steps) {
        for (auto& each : clients) each.send(one);
        for (auto& each : clients) each.receive(one);
      }
    }
  }

  inline static std::unique_ptr<counter> count;
  inline static std::unique_ptr<laboratory> lab;
};

TEST_P(allocations, none_for_a_query) {
  constexpr std::size_t queries = 1000;
  constexpr int shown = 3;
  const auto& which = GetParam();
  auto clients = clients_of(which);
  run(clients, which.steps, queries / 2);
  const counted done(lab->proxy(), which.shown_by.metric, which.shown_by.which);
  const auto said_before = lab->proxy().log().size();
  count->begin(shown);
  run(clients, which.steps, queries);
  EXPECT_EQ(count->end(), 0) << "the first of them:\n" << lab->proxy().log().substr(said_before);
  EXPECT_GE(done.more(), queries / 10) << "of what it is about, hardly any was done";
}

std::vector<kind> kinds() {
  using enum manner;
  const sign on_primary{"highwater_reads_total", {{"node", "a"}}};
  const sign on_replica{"highwater_reads_total", {{"node", "b"}}};
  const sign writes{"highwater_writes_total"};
  const sign waits{"highwater_freshness_wait_seconds_count"};
  const auto session = "session";
  return {
      {"simple_reads", session, {{simple, get}}, on_replica},
      {"extended_reads", session, {{extended, get}}, on_replica},
      {"prepared_reads", session, {{prepared, get}}, on_replica},
      {"simple_reads_on_the_primary", "primary", {{simple, get}}, on_primary},
      {"extended_reads_on_the_primary", "primary", {{extended, get}}, on_primary},
      {"prepared_reads_on_the_primary", "primary", {{prepared, get}}, on_primary},
      {"simple_writes", session, {{simple, put}}, writes},
      {"extended_writes", session, {{extended, put}}, writes},
      {"prepared_writes", session, {{prepared, put}}, writes},
      {"transactions", session, {{simple, "begin"}, {simple, get}, {prepared, put}, {simple, "commit"}}, writes},
      {"extended_transactions",
       session,
       {{extended, "begin"}, {extended, get}, {extended, put}, {extended, "commit"}},
       writes},
      {"read_only_transactions",
       session,
       {{simple, "begin read only"}, {prepared, get}, {simple, "commit"}},
       on_replica},
      {"reads_behind_a_write", session, {{prepared, put}, {prepared, get}}, waits},
      {"pipelined_reads", session, {{pipelined, ""}}, on_replica},
      {"causal_reads", "causal", {{simple, get}}, on_replica},
      {"strong_reads", "strong", {{prepared, get}}, waits},
      {"reads_of_many_clients", session, {{simple, get}, {prepared, get}}, on_replica, 8},
      {"reads_and_writes_of_many_clients", session, {{extended, put}, {extended, get}}, waits, 8},
  };
}

INSTANTIATE_TEST_SUITE_P(all_kinds, allocations, testing::ValuesIn(kinds()),
                         [](const auto& which) { return which.param.name; });

}  // namespace
}  // namespace highwater::testing_support
