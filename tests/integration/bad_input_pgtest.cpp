// What no honest peer would send: the sender loses its connection, everybody else loses nothing.

#include <filesystem>
#include <random>

#include "tests/integration/wire_test.hpp"
#include "tests/support/faulty_server.hpp"

namespace highwater::testing_support {
namespace {

class bad_input : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1},
          [](highwater_config& config) { config.set("pool", "{size: 3}").set("timeouts", "{login: 300ms}"); });
  }
  void SetUp() override {
    PROXY_ONLY();
    witness = std::make_unique<raw::client>(client());
  }
  // The proxy stands, and a session from before did not notice anything.
  void TearDown() override {
    if (!witness) return;
    EXPECT_EQ(scalar(*witness, "select 'still here'"), "still here");
    auto next = client();
    next.query("begin");
    EXPECT_EQ(scalar(next, "select 'new'"), "new");
    EXPECT_EQ(raw::types(next.query("commit")), "CZ");
  }

  static std::ptrdiff_t descriptors() {
    const auto folder = "/proc/" + std::to_string(served->proxy().child().pid()) + "/fd";
    return std::distance(std::filesystem::directory_iterator(folder), {});
  }
  static void send_and_expect_refusal(const std::string& bytes) {
    auto session = client();
    session.send(bytes);
    const auto told = session.expect('E');
    EXPECT_EQ(raw::error_field(told, 'C'), "08P01") << raw::describe({bytes[0], ""});
    EXPECT_EQ(raw::error_field(told, 'S'), "FATAL") << raw::describe({bytes[0], ""});
    EXPECT_TRUE(session.closed_within()) << raw::describe({bytes[0], ""});
  }

  static highwater_config with_nodes(const std::vector<std::pair<std::string, std::uint16_t>>& nodes) {
    std::string list;
    for (const auto& [name, port] : nodes) {
      list += (list.empty() ? "" : ", ");
      list += "{name: " + name + ", host: 127.0.0.1, port: " + std::to_string(port) + "}";
    }
    highwater_config config(served->cluster());
    config.set("cluster", "{nodes: [" + list + "], monitor: {user: highwater, database: postgres, interval: 5ms}}");
    return config;
  }

  std::unique_ptr<raw::client> witness;
};

TEST_F(bad_input, impossible_lengths) {
  for (const char type : {'Q', 'P', 'B', 'E', 'D', 'C', 'S', 'H', 'F', 'X', 'd', 'c', 'f'}) {
    for (const std::uint32_t length : {0u, 1u, 3u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
      send_and_expect_refusal(type + raw::int32(length) + "xxxx");
    }
  }
}

TEST_F(bad_input, unknown_types) {
  for (const char type : {'\0', 'z', 'R', 'p', 'K', '\xff', '1'}) send_and_expect_refusal(raw::frame(type, "what?"));
}

TEST_F(bad_input, bodies_that_end_too_early) {
  for (const auto& body :
       {std::string(), std::string("x"), std::string("S"), std::string("Sx"), std::string("\0\0", 2)}) {
    for (const char type : {'Q', 'P', 'D', 'E'}) {
      if (type == 'Q' && body.ends_with('\0')) continue;
      auto session = client();
      session.send(raw::frame(type, body) + raw::sync());
      const auto first = session.read_message();
      if (first) {
        EXPECT_EQ(first->type, 'E') << type;
      }
    }
  }
}

TEST_F(bad_input, binds_that_lie_about_their_parameters_are_the_servers_to_refuse) {
  auto session = client();
  const std::string names(2, '\0');
  for (const auto& rest :
       {raw::int16(0) + raw::int16(5), raw::int16(9), raw::int16(0) + raw::int16(1) + raw::int32(1000) + "x",
        raw::int16(0) + raw::int16(1) + raw::int32(0xFFFFFFF0u) + raw::int16(0), std::string("\xff")}) {
    session.send(raw::parse("", "select $1::text") + raw::frame('B', names + rest) + raw::execute() + raw::sync());
    EXPECT_EQ(sqlstate(session.read_until_ready()), "08P01");
  }
  EXPECT_EQ(scalar(session, "select 1"), "1");
}

TEST_F(bad_input, random_bytes) {
  std::mt19937 dice(20240607);
  const auto any = [&dice](unsigned below) { return static_cast<unsigned>(dice() % below); };
  const auto before = descriptors();
  const std::string types("QPBEDCSHFdcf");
  for (int i = 0; i < 1'500; ++i) {
    raw::client session(served->port());
    std::string bytes;
    const bool logs_in = any(4) != 0;
    if (logs_in) bytes = raw::startup("postgres", "postgres");
    for (unsigned count = any(5) + 1; count > 0; --count) {
      std::string body(any(60), '\0');
      for (auto& byte : body) byte = static_cast<char>(any(3) == 0 ? 0 : any(256));
      // Never a text that the server could run.
      bytes += any(3) != 0 ? raw::frame(types[any(static_cast<unsigned>(types.size()))], body) : body;
    }
    try {
      session.send(bytes);
    } catch (const std::runtime_error& refused_meanwhile) {
    }
    if (any(2) == 0) session.reset();
  }
  await("all of their connections are gone", [&] { return descriptors() <= before + 8; });
}

TEST_F(bad_input, mutated_conversations) {
  std::mt19937 dice(7);
  const std::string talk = raw::startup("postgres", "postgres") + raw::parse("s", "select $1::int") +
                           raw::describe_statement("s") + raw::bind("", "s", {"1"}) + raw::execute() + raw::sync() +
                           raw::query("select 1") + raw::close_statement("s") + raw::flush() + raw::sync();
  for (int i = 0; i < 1'000; ++i) {
    std::string mutated = talk;
    for (unsigned changes = dice() % 3 + 1; changes > 0; --changes) {
      mutated[dice() % mutated.size()] = static_cast<char>(dice() % 256);
    }
    if (dice() % 3 == 0) mutated.resize(dice() % mutated.size());
    raw::client session(served->port());
    try {
      session.send(mutated);
      session.finish_sending();
      session.closed_within(milliseconds(static_cast<int>(dice() % 4)));
    } catch (const std::runtime_error& refused_meanwhile) {
    }
  }
}

TEST_F(bad_input, slow_logins_do_not_stay) {
  std::vector<raw::client> slow;
  for (int i = 0; i < 100; ++i) {
    slow.emplace_back(served->port());
    slow.back().send(std::string("\0\0", 2));
  }
  EXPECT_EQ(scalar(*witness, "select 1"), "1");
  for (auto& each : slow) EXPECT_TRUE(each.closed_within());
}

TEST_F(bad_input, servers_that_talk_nonsense_are_not_used) {
  const std::string ok =
      raw::frame('R', raw::int32(0)) + raw::frame('K', raw::int32(1) + raw::int32(2)) + raw::frame('Z', "I");
  for (const auto& nonsense :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string(100'000, '\xff'), std::string("R\0\0\0\0", 5),
        std::string("E\x7f\xff\xff\xff", 5), raw::frame('R', raw::int32(12) + "proof"), raw::frame('R', ""),
        raw::frame('K', "x"), raw::frame('Z', "?"), ok + raw::frame('D', raw::int16(1)),
        ok + raw::frame('T', "never asked for"), std::string("N")}) {
    const babbler liar(nonsense);
    const highwater_process proxy(with_nodes({{"a", primary().port()}, {"liar", liar.port()}}));
    proxy.await_ready();
    await("it was asked", [&] { return liar.connections() > 1; });
    raw::client session(proxy.port());
    session.log_in();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(value(session.query("select 1")), "1");
    EXPECT_EQ(proxy.metric("highwater_node_up", {{"node", "liar"}}), 0);
  }
}

// What a session had on that connection is gone, and it must not go on as if it were there.
TEST_F(bad_input, server_that_talks_nonsense_costs_what_its_connection_held) {
  const moody_relay relay(primary().port(), "lose your mind", raw::frame('1', "not asked for"));
  const highwater_process proxy(with_nodes({{"a", relay.port()}}));
  proxy.await_ready();
  for (const auto& [state, ends] : std::vector<std::pair<std::string, bool>>{
           {"select 1", false}, {"begin; select 1", true}, {"create temporary table mine (n int)", true}}) {
    raw::client session(proxy.port());
    session.log_in();
    EXPECT_EQ(sqlstate(session.query(state)), "");
    session.send(raw::query("select 'lose your mind'"));
    const auto error = session.expect('E');
    EXPECT_EQ(raw::error_field(error, 'C'), "08P01") << state;
    EXPECT_EQ(raw::error_field(error, 'S'), ends ? "FATAL" : "ERROR") << state;
    if (ends) {
      EXPECT_TRUE(session.closed_within()) << state;
    } else {
      EXPECT_EQ(raw::types(session.read_until_ready()), "Z");
      EXPECT_EQ(scalar(session, "select 2"), "2");
    }
  }
}

// There is no place for an error in the middle of a row.
TEST_F(bad_input, server_that_is_lost_in_the_middle_of_a_message_ends_the_session) {
  const auto row = raw::frame('D', raw::int16(1) + raw::int32(1'000'000) + std::string(1'000'000, 'x'));
  auto relay = std::make_unique<moody_relay>(primary().port(), "half a row", row.substr(0, 100'000));
  const highwater_process proxy(with_nodes({{"a", relay->port()}}));
  proxy.await_ready();
  raw::client session(proxy.port());
  session.log_in();
  session.send(raw::query("select 'half a row'"));
  EXPECT_EQ(session.read_byte(), 'D');
  relay.reset();
  EXPECT_TRUE(session.closed_within());
}

// The client takes its BEGIN for done, and what comes behind it for a part of the transaction.
TEST_F(bad_input, server_that_does_not_begin_a_transaction_ends_the_session) {
  using namespace std::string_literals;
  const auto idle = raw::frame('Z', "I");
  const auto refused = raw::frame('E', "SERROR\0C53200\0Mout of memory\0\0"s);
  const moody_relay relay(primary().port(), "begin", refused + idle + raw::frame('C', "INSERT 0 1\0"s) + idle);
  const highwater_process proxy(with_nodes({{"a", relay.port()}}));
  proxy.await_ready();
  raw::client session(proxy.port());
  session.log_in();
  session.query("begin");
  session.send(raw::query("insert into anything values (1)"));
  const auto error = session.expect('E');
  EXPECT_EQ(raw::error_field(error, 'S'), "FATAL");
  EXPECT_EQ(raw::error_field(error, 'M'), "the transaction could not be begun: out of memory");
  EXPECT_TRUE(session.closed_within());
}

}  // namespace
}  // namespace highwater::testing_support
