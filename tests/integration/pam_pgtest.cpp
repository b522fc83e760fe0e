// Passwords that PAM judges: libpam with a module of the tests' own (tests/pam_module), in a service of the tests' own.

#include <unistd.h>

#include <filesystem>

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// PAM looks for services in one place only.
class pam_service {
public:
  explicit pam_service(const std::string& text)
      : name_("highwater-test-" + std::to_string(::getpid())), file_("/etc/pam.d/" + name_) {
    write_file(file_, text);
  }
  ~pam_service() {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
  }
  pam_service(const pam_service&) = delete;
  pam_service& operator=(const pam_service&) = delete;

  const std::string& name() const { return name_; }

private:
  std::string name_;
  std::filesystem::path file_;
};

class pam : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0,
           .roles = {{"ann", "pencil"}, {"expired", ""}, {"curious", ""}, {"noisy", "pencil"}, {"ben", "another"}}});
    const std::string module = HIGHWATER_PAM_MODULE;
    service = std::make_unique<pam_service>("auth required " + module + " pencil\naccount required " + module + "\n");
  }
  static void TearDownTestSuite() {
    service.reset();
    wire_test::TearDownTestSuite();
  }
  void SetUp() override {
    PROXY_ONLY();
    if (::access("/etc/pam.d", W_OK) != 0) GTEST_SKIP() << "only root can add a service to PAM";
  }

  static highwater_config with(const std::string& pam_service, const std::string& more = "") {
    highwater_config config(served->cluster());
    config.set("auth",
               "\n" + more +
                   "  rules:\n"
                   "    - {type: host, databases: [all], users: [ben], address: 127.0.0.1, method: password, "
                   "allow_cleartext: true}\n"
                   "    - {type: host, databases: [all], users: [postgres], address: 127.0.0.1, method: trust}\n"
                   "    - {type: host, databases: [all], users: [all], address: 127.0.0.1, method: pam, "
                   "allow_cleartext: true, pam_service: " +
                   pam_service + "}\n  users: [{name: ben, password: another}]");
    return config;
  }
  static std::string enter(const highwater_process& proxy, const std::string& user, const std::string& password) {
    try {
      return pg::connection(proxy.conninfo("postgres", user) + " password='" + password + "'")
          .scalar("select current_user");
    } catch (const pg::error& why) {
      return why.what();
    }
  }

  inline static std::unique_ptr<pam_service> service;
};

// Nor do modules that want failures to take their time keep anybody waiting.
TEST_F(pam, lets_in_whom_its_modules_let_in) {
  const highwater_process proxy(with(service->name()));
  struct row {
    const char* why;
    const char* user;
    const char* password;
    const char* what;
    const char* log;
  };
  const row rows[] = {
      {"the right password", "ann", "pencil", "ann", ""},
      {"a wrong one", "ann", "pen", "PAM authentication failed for user \"ann\"",
       "(28000): pam_authenticate failed: Authentication failure"},
      {"an account that has expired", "expired", "pencil", "PAM authentication failed for user \"expired\"",
       "pam_acct_mgmt failed: User account has expired"},
      {"a question that no password answers", "curious", "pencil", "PAM authentication failed for user \"curious\"",
       "a question that cannot be answered: Which town?"},
      {"in spite of an error, which is logged", "noisy", "pencil", "noisy", "something\\nis wrong"},
      {"known there, and not on the server", "stranger", "pencil", "role \"stranger\" does not exist", ""},
  };
  for (const auto& [why, user, password, what, log] : rows) {
    EXPECT_THAT(enter(proxy, user, password), HasSubstr(what)) << why;
    EXPECT_THAT(proxy.log(), HasSubstr(log)) << why;
  }
  EXPECT_THAT(proxy.log(), AllOf(Not(HasSubstr("pencil")), Not(HasSubstr("only a word"))));
}

// Debian's service `other` denies everybody; there is no other way in.
TEST_F(pam, lets_nobody_in_by_a_service_that_is_not_there) {
  const highwater_process proxy(with(service->name() + "-not"));
  EXPECT_THAT(enter(proxy, "ann", "pencil"), HasSubstr("PAM authentication failed for user \"ann\""));
}

TEST_F(pam, that_never_answers_keeps_nobody_else) {
  highwater_process proxy(with(service->name()).set("timeouts", "{login: 1h}"));
  proxy.await_ready();
  std::vector<raw::client> waiting;
  for (const auto* user : {"hangs", "ann"}) {
    auto& one = waiting.emplace_back(proxy.port());
    one.send(raw::startup(user, "postgres"));
    one.expect('R');
    one.send(raw::frame('p', std::string("pencil\0", 7)));
  }
  for (int i = 0; i < 4; ++i) EXPECT_EQ(enter(proxy, "ben", "another"), "ben");
  await("only they are left", [&] { return proxy.metric("highwater_clients") == 2; });
  EXPECT_TRUE(waiting.back().silent_for(milliseconds(0)));
  waiting.clear();
  await("who has gone is not waited for", [&] { return proxy.metric("highwater_clients") == 0; });
  proxy.stop();
}

TEST_F(pam, follows_a_reload) {
  highwater_process proxy(with(service->name() + "-not"));
  EXPECT_THAT(enter(proxy, "ann", "pencil"), HasSubstr("PAM authentication failed for user \"ann\""));
  proxy.reload(with(service->name()));
  EXPECT_EQ(enter(proxy, "ann", "pencil"), "ann");
}

}  // namespace
}  // namespace highwater::testing_support
