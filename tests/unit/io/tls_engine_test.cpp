#include "proxy/io/tls_engine.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <optional>

#include "tests/support/certificates.hpp"

namespace highwater::proxy {
namespace {

using testing_support::certificate_authority;
using testing_support::write_secret;
using status = tls_engine::status;

// Files that all of these tests need, made once.
class tls_engine_test : public testing::Test {
protected:
  static void SetUpTestSuite() {
    folder = std::filesystem::path(testing::TempDir()) / ("highwater_tls_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const certificate_authority good("good"), other("other");
    ca = write_secret(folder, "ca", good.certificate());
    other_ca = write_secret(folder, "other_ca", other.certificate());
    server = write("server", good.issue({}));
    expired = write("expired", good.issue({.expired = true}));
    client = write("client", good.issue({.common_name = "ann", .names = {}}));
    stranger = write("stranger", other.issue({.common_name = "ann", .names = {}}));
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder); }

  static tls_files write(const std::string& name, const testing_support::certificate_pair& pair) {
    return {write_secret(folder, name + ".crt", pair.certificate), write_secret(folder, name + ".key", pair.key), ""};
  }
  static tls_files with(tls_files files, const std::string& authorities) {
    files.authorities = authorities;
    return files;
  }
  static tls_context_ptr serving() { return tls_context::for_clients(server, tls_check::none); }
  static tls_context_ptr asking() { return tls_context::for_servers({}, tls_check::none); }

  inline static std::filesystem::path folder;
  inline static std::string ca, other_ca;
  inline static tls_files server, expired, client, stranger;
};

// Both ends, and what is on its way between them.
struct pair_of_engines {
  explicit pair_of_engines(const tls_context_ptr& accepts, const tls_context_ptr& connects,
                           const tls_engine::options& server_how = {}, const tls_engine::options& client_how = {})
      : server(accepts, server_how), client(connects, client_how) {}

  struct end {
    std::string read;
    status what = status::open;
  };
  static void take(tls_engine& by, std::string_view bytes, end& into, std::string& out, std::size_t room = 1 << 16) {
    std::string to(room, '\0');
    auto what = by.read(bytes, to.data(), to.size(), out);
    for (;;) {
      into.read.append(to, 0, what.size);
      into.what = what.what;
      if (!by.has_more() || what.what != status::open) return;
      what = by.read({}, to.data(), to.size(), out);
    }
  }
  // Until nothing more is on its way, in pieces of so many bytes.
  void run(std::size_t piece = SIZE_MAX, std::size_t room = 1 << 16) {
    take(client, {}, at_client, to_server, room);
    while (!to_server.empty() || !to_client.empty()) {
      const auto sent = to_server.substr(0, piece);
      to_server.erase(0, sent.size());
      if (!sent.empty()) take(server, sent, at_server, to_client, room);
      const auto answered = to_client.substr(0, piece);
      to_client.erase(0, answered.size());
      if (!answered.empty()) take(client, answered, at_client, to_server, room);
    }
  }

  tls_engine server, client;
  std::string to_server, to_client;
  end at_server, at_client;
};

std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 23);
  return text;
}

TEST_F(tls_engine_test, carries_what_is_written_in_both_directions) {
  pair_of_engines both(serving(), asking());
  both.client.write("early", both.to_server);
  EXPECT_EQ(both.to_server, "") << "nothing goes out in the clear";
  both.run();
  EXPECT_EQ(both.at_server.read, "early");
  EXPECT_TRUE(both.server.established() && both.client.established());
  both.server.write(text_of(100'000), both.to_client);
  both.client.write("and back", both.to_server);
  both.run();
  EXPECT_EQ(both.at_client.read, text_of(100'000));
  EXPECT_EQ(both.at_server.read, "earlyand back");
  EXPECT_EQ(both.server.version(), "TLSv1.3");
}

TEST_F(tls_engine_test, minds_not_how_the_bytes_come) {
  for (const std::size_t piece : {1U, 2U, 5U, 6U, 1000U}) {
    for (const std::size_t room : {1U, 7U, 65536U}) {
      pair_of_engines both(serving(), asking());
      both.run(piece, room);
      both.server.write(text_of(300), both.to_client);
      both.server.write(text_of(20'000), both.to_client);
      both.run(piece, room);
      EXPECT_EQ(both.at_client.read, text_of(300) + text_of(20'000)) << piece << " bytes, room for " << room;
    }
  }
}

TEST_F(tls_engine_test, can_be_split_at_every_byte) {
  pair_of_engines both(serving(), asking());
  both.run();
  std::string expected;
  std::size_t size = 1;
  for (std::size_t at = 0; at < size; ++at) {
    std::string records;
    both.server.write("first", records);
    both.server.write("second", records);
    size = records.size();
    expected += "firstsecond";
    std::string out;
    pair_of_engines::take(both.client, std::string_view(records).substr(0, at), both.at_client, out);
    pair_of_engines::take(both.client, std::string_view(records).substr(at), both.at_client, out);
    ASSERT_EQ(both.at_client.read, expected) << at;
  }
  EXPECT_GT(size, 11U);
}

// Some clients hang over longer ones.
TEST_F(tls_engine_test, writes_no_record_above_8_kilobytes) {
  pair_of_engines both(serving(), asking());
  both.run();
  std::string records;
  both.server.write(text_of(100'000), records);
  for (std::size_t at = 0; at < records.size();) {
    const auto length =
        static_cast<unsigned char>(records[at + 3]) * 256U + static_cast<unsigned char>(records[at + 4]);
    EXPECT_LE(length, 8192U + 256U);
    at += 5 + length;
  }
}

TEST_F(tls_engine_test, says_when_the_other_end_will_write_no_more) {
  pair_of_engines both(serving(), asking());
  both.run();
  both.server.write("last words", both.to_client);
  both.server.close(both.to_client);
  std::array<char, 64> to{};
  std::string out;
  const auto last = both.client.read(both.to_client, to.data(), to.size(), out);
  EXPECT_EQ(std::string(to.data(), last.size), "last words");
  EXPECT_EQ(last.what, status::open);
  EXPECT_TRUE(both.client.has_more()) << "so that the owner looks again";
  EXPECT_EQ(both.client.read({}, to.data(), to.size(), out).what, status::closed);
  EXPECT_EQ(both.client.why(), "");
}

TEST_F(tls_engine_test, takes_nothing_for_tls_that_is_not) {
  for (const std::string text : {"Q\0\0\0\rselect 1\0", "GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\xff\xff", "\x15"}) {
    pair_of_engines both(serving(), asking());
    pair_of_engines::end end;
    std::string out;
    pair_of_engines::take(both.server, text + std::string(100, 'x'), end, out);
    EXPECT_EQ(end.what, status::failed) << text;
    EXPECT_NE(both.server.why(), "") << text;
    EXPECT_EQ(end.read, "");
  }
}

TEST_F(tls_engine_test, believes_no_record_that_was_touched) {
  for (const std::size_t byte : {5U, 8U, 20U}) {
    pair_of_engines both(serving(), asking());
    both.run();
    std::string records;
    both.server.write("nobody may change this", records);
    records[byte] = static_cast<char>(records[byte] ^ 1);
    pair_of_engines::take(both.client, records, both.at_client, both.to_server);
    EXPECT_EQ(both.at_client.what, status::failed);
    EXPECT_EQ(both.at_client.read, "");
  }
}

TEST_F(tls_engine_test, checks_whom_it_is_talking_to) {
  struct row {
    const char* why;
    tls_context_ptr accepts, connects;
    std::string host;
    bool checks_host;
    std::string failure;  // at either end; empty: none
  };
  const auto checks = [](const std::string& authorities) {
    return tls_context::for_servers({"", "", authorities}, tls_check::required);
  };
  const auto asks = [](tls_check how) { return tls_context::for_clients(with(server, ca), how); };
  const auto shows = [](const tls_files& files) { return tls_context::for_servers(files, tls_check::none); };
  const row rows[] = {
      {"nobody checks", serving(), asking(), "elsewhere", false, ""},
      {"signed by whom is believed", serving(), checks(ca), "elsewhere", false, ""},
      {"... by somebody else", serving(), checks(other_ca), "", false, "self-signed certificate"},
      {"out of date", tls_context::for_clients(expired, tls_check::none), checks(ca), "", false, "expired"},
      {"about the host", serving(), checks(ca), "localhost", true, ""},
      {"... or its address", serving(), checks(ca), "127.0.0.1", true, ""},
      {"about another host", serving(), checks(ca), "elsewhere", true, "hostname mismatch"},
      {"... or another address", serving(), checks(ca), "127.0.0.2", true, "IP address mismatch"},
      {"a client with a certificate", asks(tls_check::required), shows(client), "", false, ""},
      {"... without one", asks(tls_check::required), asking(), "", false, "peer did not return a certificate"},
      {"... which need not have one", asks(tls_check::if_given), asking(), "", false, ""},
      {"... with somebody else's", asks(tls_check::if_given), shows(stranger), "", false, "self-signed certificate"},
  };
  for (const auto& each : rows) {
    pair_of_engines both(each.accepts, each.connects, {}, {each.host, each.checks_host, false});
    both.run();
    const auto why = both.client.why() + "; " + both.server.why();
    if (each.failure.empty()) {
      EXPECT_EQ(why, "; ") << each.why;
    } else {
      EXPECT_NE(why.find(each.failure == "self-signed certificate" ? "certificate verify failed" : each.failure),
                std::string::npos)
          << each.why << ": " << why;
    }
  }
}

TEST_F(tls_engine_test, knows_the_name_in_a_clients_certificate) {
  pair_of_engines both(tls_context::for_clients(with(server, ca), tls_check::if_given),
                       tls_context::for_servers(client, tls_check::none));
  both.run();
  ASSERT_TRUE(both.server.has_peer_certificate());
  EXPECT_EQ(both.server.peer_common_name(), "ann");
  EXPECT_EQ(both.server.peer_distinguished_name(), "CN=ann");
  pair_of_engines without(serving(), asking());
  without.run();
  EXPECT_FALSE(without.server.has_peer_certificate());
  EXPECT_EQ(without.server.peer_common_name(), "");
}

// RFC 5929: both ends come to the same, from the server's certificate.
TEST_F(tls_engine_test, has_one_hash_of_the_servers_certificate_at_both_ends) {
  pair_of_engines both(serving(), asking());
  both.run();
  EXPECT_EQ(both.server.context().certificate_hash().size(), 32U);
  EXPECT_EQ(both.server.context().certificate_hash(), both.client.peer_certificate_hash());
}

// Without a request in the clear before, anybody's handshake could be led here: see ALPACA.
TEST_F(tls_engine_test, demands_that_a_client_wants_to_speak_postgresql) {
  for (const bool says_so : {true, false}) {
    auto connects = asking();
    if (!says_so) SSL_CTX_set_alpn_protos(connects->native(), nullptr, 0);
    pair_of_engines both(serving(), connects, {.demands_protocol = true});
    both.client.write("hello", both.to_server);
    both.run();
    EXPECT_EQ(both.server.established(), says_so);
    EXPECT_EQ(both.at_server.read, says_so ? "hello" : "");
  }
  const auto http = asking();
  SSL_CTX_set_alpn_protos(http->native(), reinterpret_cast<const unsigned char*>("\x08http/1.1"), 9);
  pair_of_engines both(serving(), http);
  both.run();
  EXPECT_FALSE(both.server.established()) << "who says what it wants to speak has to mean us";
}

TEST_F(tls_engine_test, speaks_tls_1_2_and_later) {
  for (const auto& [version, accepted] :
       {std::pair{TLS1_3_VERSION, true}, {TLS1_2_VERSION, true}, {TLS1_1_VERSION, false}}) {
    const auto old = asking();
    SSL_CTX_set_min_proto_version(old->native(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(old->native(), version);
    SSL_CTX_set_security_level(old->native(), 0);
    pair_of_engines both(serving(), old);
    both.run();
    EXPECT_EQ(both.server.established(), accepted) << version;
  }
}

TEST_F(tls_engine_test, says_what_is_wrong_with_a_file) {
  struct row {
    const char* why;
    tls_files files;
    std::string expected;
  };
  const auto readable = folder / "readable.key";
  std::filesystem::copy_file(server.key, readable);
  std::filesystem::permissions(readable, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  const row rows[] = {
      {"no such certificate",
       {folder / "none", server.key, ""},
       "could not load certificate file \"" + (folder / "none").string() + "\": No such file"},
      {"no such key", {server.certificate, folder / "none", ""}, "could not load private key file"},
      {"another's key", {server.certificate, client.key, ""}, "key values mismatch"},
      {"a key that others can read", {server.certificate, readable, ""}, "others can read it"},
      {"no certificate", {server.key, server.key, ""}, "could not load certificate file"},
      {"no authorities", {server.certificate, server.key, folder / "none"}, "could not load root certificate file"},
  };
  for (const auto& each : rows) {
    try {
      tls_context::for_clients(each.files, tls_check::none);
      ADD_FAILURE() << each.why << ": taken";
    } catch (const tls_error& error) {
      EXPECT_NE(std::string(error.what()).find(each.expected), std::string::npos) << each.why << ": " << error.what();
    }
  }
}

}  // namespace
}  // namespace highwater::proxy
