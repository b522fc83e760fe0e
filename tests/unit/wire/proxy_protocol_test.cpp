#include "proxy/wire/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace highwater::wire {
namespace {

using namespace std::string_literals;

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string u16(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}
std::string binary(unsigned command, unsigned transported, const std::string& block, std::size_t more = 0) {
  return signature + static_cast<char>(command) + static_cast<char>(transported) + u16(block.size() + more) + block;
}
std::string tlv(char type, const std::string& value) {
  return type + u16(value.size()) + value;
}
std::string line(const std::string& rest) {
  return "PROXY " + rest + "\r\n";
}
const std::string v4 = "\xC0\xA8\0\x01\xC0\xA8\0\x0B\xDC\x04\x01\xBB"s;  // 192.168.0.1:56324 to 192.168.0.11:443
const std::string v6 =
    "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x01"s + std::string(15, '\0') + "\x01\0\x01\xFF\xFF"s;
const std::string unix_paths = "/tmp/client" + std::string(97, '\0') + "/tmp/server" + std::string(97, '\0');

// What it says, as a text. The bytes lie where ASan sees who reads beyond them.
std::string read(const std::string& bytes, std::size_t& consumed) {
  const auto exact = std::make_unique<char[]>(bytes.size());
  std::ranges::copy(bytes, exact.get());
  const auto found = read_proxy_header({exact.get(), bytes.size()}, consumed);
  if (std::holds_alternative<proxy_incomplete>(found)) return "incomplete";
  if (const auto* wrong = std::get_if<not_proxy>(&found)) return "no: " + std::string(wrong->why);
  if (std::holds_alternative<proxy_local>(found)) return "local";
  const auto& [source, destination] = std::get<proxied>(found);
  return to_text(source) + " > " + to_text(destination);
}
std::string read(const std::string& bytes) {
  std::size_t consumed = 0;
  return read(bytes, consumed);
}
bool refused(const std::string& said) {
  return said.starts_with("no: ");
}

struct row {
  const char* why;
  std::string bytes;
  std::string expected;
};

std::vector<row> valid() {
  const auto both = "192.168.0.1:56324 > 192.168.0.11:443"s;
  const auto longest_v6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"s;
  const auto unknown = "UNKNOWN " + longest_v6 + " " + longest_v6 + " 65535 65535";
  return {
      {"1: the specification's example", line("TCP4 192.168.0.1 192.168.0.11 56324 443"), both},
      {"1: the longest of v4", line("TCP4 255.255.255.255 255.255.255.255 65535 65535"),
       "255.255.255.255:65535 > 255.255.255.255:65535"},
      {"1: the least", line("TCP4 0.0.0.0 0.0.0.0 0 0"), "0.0.0.0:0 > 0.0.0.0:0"},
      {"1: v6", line("TCP6 2001:db8::1 ::1 1 65535"), "[2001:db8::1]:1 > [::1]:65535"},
      {"1: in capitals, with zeros", line("TCP6 2001:0DB8:0000::0001 :: 1 2"), "[2001:db8::1]:1 > [::]:2"},
      {"1: v4 within v6, as inet_ntop() writes it", line("TCP6 ::ffff:192.0.2.1 ::1 1 2"),
       "[::ffff:192.0.2.1]:1 > [::1]:2"},
      {"1: the longest of v6", line("TCP6 " + longest_v6 + " " + longest_v6 + " 65535 65535"),
       "[" + longest_v6 + "]:65535 > [" + longest_v6 + "]:65535"},
      {"1: unknown", line("UNKNOWN"), "local"},
      {"1: unknown, the longest", line(unknown), "local"},
      {"1: unknown, with anything behind it", line("UNKNOWN \xFF\0 what 99999"s), "local"},
      {"2: v4", binary(0x21, 0x11, v4), both},
      {"2: v6", binary(0x21, 0x21, v6), "[2001:db8::1]:1 > [::1]:65535"},
      {"2: a Unix socket", binary(0x21, 0x31, unix_paths), "[local] > [local]"},
      {"2: with TLVs, one of them empty",
       binary(0x21, 0x11,
              v4 + tlv(0x01, "postgresql") + tlv(0x04, "") + tlv(0x20, "\x01\0\0\0\0"s + tlv(0x21, "TLSv1.3"))),
       both},
      {"2: v6 with a TLV", binary(0x21, 0x21, v6 + tlv(0x05, std::string(128, 'u'))), "[2001:db8::1]:1 > [::1]:65535"},
      {"2: as long as it may be", binary(0x21, 0x11, v4 + tlv(0x04, std::string(4096 - 12 - 3, 'n'))), both},
      {"2: local", binary(0x20, 0x00, ""), "local"},
      {"2: local, with addresses", binary(0x20, 0x11, v4), "local"},
      {"2: local, of what is to be ignored", binary(0x20, 0xFF, "\x01\xFF"), "local"},
      {"2: unspecified", binary(0x21, 0x00, ""), "local"},
      {"2: unspecified, with what we know nothing of", binary(0x21, 0x00, tlv(0x02, "db.example") + "\x01"), "local"},
      {"2: no transport", binary(0x21, 0x10, v4), "local"},
      {"2: no family", binary(0x21, 0x01, v4), "local"},
      {"2: datagrams", binary(0x21, 0x12, v4), "local"},
      {"2: datagrams of v6", binary(0x21, 0x22, v6), "local"},
      {"2: datagrams of a Unix socket", binary(0x21, 0x32, unix_paths), "local"},
  };
}

TEST(read_proxy_header, says_whose_a_connection_is) {
  for (const auto& each : valid()) {
    for (const auto& behind : {""s, "\0\0\0\x08\x04\xD2\x16\x2F"s, "\r\n"s}) {
      std::size_t consumed = 0;
      EXPECT_EQ(read(each.bytes + behind, consumed), each.expected) << each.why;
      EXPECT_EQ(consumed, each.bytes.size()) << each.why;
    }
  }
}

TEST(read_proxy_header, waits_for_the_rest) {
  for (const auto& each : valid()) {
    for (std::size_t size = 0; size < each.bytes.size(); ++size) {
      std::size_t consumed = 99;
      ASSERT_EQ(read(each.bytes.substr(0, size), consumed), "incomplete") << each.why << ", the first " << size;
      ASSERT_EQ(consumed, 0U);
    }
  }
}

TEST(read_proxy_header, gives_the_addresses_as_bytes) {
  std::size_t consumed = 0;
  const auto found = read_proxy_header(binary(0x21, 0x11, v4), consumed);
  ASSERT_TRUE(std::holds_alternative<proxied>(found));
  EXPECT_EQ(std::get<proxied>(found).source, (network_address{address_family::v4, {192, 168, 0, 1}, 56324}));
  const auto same = read_proxy_header(line("TCP4 192.168.0.1 192.168.0.11 56324 443"), consumed);
  ASSERT_TRUE(std::holds_alternative<proxied>(same));
  EXPECT_EQ(std::get<proxied>(same).source, std::get<proxied>(found).source);
  EXPECT_EQ(std::get<proxied>(same).destination, std::get<proxied>(found).destination);
  const auto local = read_proxy_header(binary(0x21, 0x31, unix_paths), consumed);
  ASSERT_TRUE(std::holds_alternative<proxied>(local));
  EXPECT_EQ(std::get<proxied>(local).source, (network_address{address_family::unix_socket, {}, 0}));
}

TEST(read_proxy_header, refuses_lines_that_are_not_exactly_so) {
  const std::pair<const char*, std::string> rows[] = {
      {"a startup packet", "\0\0\0\x08\x04\xD2\x16\x2F"s},
      {"TLS", "\x16\x03\x01"s},
      {"an HTTP request", "GET / HTTP/1.1\r\n"},
      {"in small letters", "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n"},
      {"a space before it", " " + line("TCP4 1.2.3.4 1.2.3.4 1 2")},
      {"another family", line("UDP4 1.2.3.4 1.2.3.4 1 2")},
      {"no family", line("")},
      {"a tab", "PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n"},
      {"nothing but the family", line("TCP4")},
      {"... and a space", line("TCP4 ")},
      {"nothing but the family, v6", line("TCP6 ")},
      {"more than the name", line("UNKNOWNS")},
      {"LF alone", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"},
      {"LF alone, behind unknown", "PROXY UNKNOWN\nx\r\n"},
      {"CR alone", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rx\r\n"},
      {"two CRs", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n"},
      {"two spaces behind the family", line("TCP4  1.2.3.4 1.2.3.4 1 2")},
      {"two spaces between addresses", line("TCP4 1.2.3.4  1.2.3.4 1 2")},
      {"two spaces between ports", line("TCP4 1.2.3.4 1.2.3.4 1  2")},
      {"a space at the end", line("TCP4 1.2.3.4 1.2.3.4 1 2 ")},
      {"one more word", line("TCP4 1.2.3.4 1.2.3.4 1 2 3")},
      {"no destination's port", line("TCP4 1.2.3.4 1.2.3.4 1")},
      {"an empty port", line("TCP4 1.2.3.4 1.2.3.4 1 ")},
      {"no ports", line("TCP4 1.2.3.4 1.2.3.4")},
      {"v6 in v4", line("TCP4 ::1 ::1 1 2")},
      {"v4 in v6", line("TCP6 1.2.3.4 1.2.3.4 1 2")},
      {"v4: a leading zero", line("TCP4 01.2.3.4 1.2.3.4 1 2")},
      {"v4: an octal number", line("TCP4 010.2.3.4 1.2.3.4 1 2")},
      {"v4: two zeros", line("TCP4 1.2.3.00 1.2.3.4 1 2")},
      {"v4: 256", line("TCP4 1.2.3.256 1.2.3.4 1 2")},
      {"v4: three numbers", line("TCP4 1.2.3 1.2.3.4 1 2")},
      {"v4: five numbers", line("TCP4 1.2.3.4.5 1.2.3.4 1 2")},
      {"v4: an empty number", line("TCP4 1..3.4 1.2.3.4 1 2")},
      {"v4: a sign", line("TCP4 +1.2.3.4 1.2.3.4 1 2")},
      {"v4: a hexadecimal number", line("TCP4 0x1.2.3.4 1.2.3.4 1 2")},
      {"v4: a NUL and more", line("TCP4 1.2.3.4\0x 1.2.3.4 1 2"s)},
      {"v4: the destination", line("TCP4 1.2.3.4 1.2.3.4x 1 2")},
      {"v6: two gaps", line("TCP6 1::2::3 ::1 1 2")},
      {"v6: a gap of nothing", line("TCP6 1:2:3:4::5:6:7:8 ::1 1 2")},
      {"v6: seven groups", line("TCP6 1:2:3:4:5:6:7 ::1 1 2")},
      {"v6: nine groups", line("TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2")},
      {"v6: five digits", line("TCP6 00001::2 ::1 1 2")},
      {"v6: a zone", line("TCP6 fe80::1%eth0 ::1 1 2")},
      {"v6: in brackets", line("TCP6 [::1] ::1 1 2")},
      {"v6: a colon alone", line("TCP6 :1:2:3:4:5:6:7 ::1 1 2")},
      {"v6: a colon at the end", line("TCP6 1:2:3:4:5:6:7: ::1 1 2")},
      {"v6: no hexadecimal digit", line("TCP6 ::g ::1 1 2")},
      {"v6: with a length", line("TCP6 ::1/64 ::1 1 2")},
      {"v6: longer than any", line("TCP6 " + std::string(46, ':') + " ::1 1 2")},
      {"port 65536", line("TCP4 1.2.3.4 1.2.3.4 65536 2")},
      {"a port beyond 2^32", line("TCP4 1.2.3.4 1.2.3.4 1 4294967297")},
      {"a port with a sign", line("TCP4 1.2.3.4 1.2.3.4 +1 2")},
      {"a negative port", line("TCP4 1.2.3.4 1.2.3.4 1 -2")},
      {"a port with a leading zero", line("TCP4 1.2.3.4 1.2.3.4 01 2")},
      {"two zeros for a port", line("TCP4 1.2.3.4 1.2.3.4 1 00")},
      {"a port in hexadecimal digits", line("TCP4 1.2.3.4 1.2.3.4 1 0x1")},
      {"a letter behind a port", line("TCP4 1.2.3.4 1.2.3.4 1 2x")},
      {"a NUL behind a port", line("TCP4 1.2.3.4 1.2.3.4 1 2\0"s)},
      {"no end within 107 bytes", "PROXY UNKNOWN " + std::string(93, 'x')},
      {"an end that comes a byte late", "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"},
  };
  for (const auto& [why, bytes] : rows) {
    std::size_t consumed = 99;
    const auto said = read(bytes, consumed);
    EXPECT_TRUE(refused(said)) << why << ": " << said;
    EXPECT_EQ(consumed, 0U) << why;
  }
}

TEST(read_proxy_header, refuses_blocks_that_are_not_exactly_so) {
  const auto long_tlv = tlv(0x04, "1234");
  const std::pair<const char*, std::string> rows[] = {
      {"another signature", "\r\n\r\n\0\r\nQUIT\r"s},
      {"version 1", binary(0x11, 0x11, v4)},
      {"version 3", binary(0x31, 0x11, v4)},
      {"a command that there is not", binary(0x22, 0x11, v4)},
      {"a family that there is not", binary(0x21, 0x41, v4)},
      {"a transport that there is not", binary(0x21, 0x13, v4)},
      {"too short for v4", binary(0x21, 0x11, v4.substr(1))},
      {"nothing for v4", binary(0x21, 0x11, "")},
      {"too short for v6", binary(0x21, 0x21, v6.substr(1))},
      {"v4 for v6", binary(0x21, 0x21, v4)},
      {"too short for a Unix socket", binary(0x21, 0x31, unix_paths.substr(1))},
      {"too short for datagrams", binary(0x21, 0x12, v4.substr(1))},
      {"a TLV of one byte", binary(0x21, 0x11, v4 + "\x04")},
      {"a TLV of two bytes", binary(0x21, 0x11, v4 + "\x04\0"s)},
      {"a TLV that goes beyond the end", binary(0x21, 0x11, v4 + long_tlv.substr(0, 6)) + long_tlv.substr(6)},
      {"the second one does", binary(0x21, 0x11, v4 + long_tlv + long_tlv.substr(0, 6)) + long_tlv.substr(6)},
      {"the longest TLV, in little", binary(0x21, 0x11, v4 + "\x04\xFF\xFF"s)},
      {"one byte more than is taken", binary(0x21, 0x11, v4, 4097 - v4.size())},
      {"the longest there is", binary(0x21, 0x11, v4, 0xFFFF - v4.size())},
      {"... local", binary(0x20, 0x00, "", 0xFFFF)},
  };
  for (const auto& [why, bytes] : rows) {
    std::size_t consumed = 99;
    const auto said = read(bytes, consumed);
    EXPECT_TRUE(refused(said)) << why << ": " << said;
    EXPECT_EQ(consumed, 0U) << why;
  }
}

TEST(read_proxy_header, sees_at_once_what_cannot_become_one) {
  const std::pair<const char*, std::string> rows[] = {
      {"the first byte", "\x16"},
      {"a request that begins like it", "PROT"},
      {"a family", "PROXY U1"},
      {"a line that ends wrongly", "PROXY TCP4 1.2.3.4\n"},
      {"the signature", "\r\n\r\n\r"},
      {"a version", signature + "\x11"},
      {"a length", signature + "\x21\x11\x10\x01"},
  };
  for (const auto& [why, bytes] : rows) {
    EXPECT_TRUE(refused(read(bytes))) << why;
    EXPECT_EQ(read(bytes.substr(0, bytes.size() - 1)), "incomplete") << why;
  }
}

// Whatever comes: what is said of the first bytes is never taken back, and what was taken is what was needed.
void expect_sane(const std::string& bytes) {
  std::string before = "incomplete";
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    std::size_t consumed = 99;
    const auto said = read(bytes.substr(0, size), consumed);
    if (before != "incomplete") {
      ASSERT_EQ(refused(said) ? "no" : said, refused(before) ? "no" : before)
          << size << ": " << testing::PrintToString(bytes);
    } else if (said != "incomplete") {
      ASSERT_EQ(consumed, refused(said) ? 0 : size) << testing::PrintToString(bytes);
    }
    before = said;
  }
}

TEST(read_proxy_header, takes_random_bytes) {
  std::mt19937 random(20240501);
  for (int round = 0; round < 500; ++round) {
    std::string bytes(random() % 64, '\0');
    for (auto& each : bytes) each = static_cast<char>(random());
    expect_sane(bytes);
    expect_sane("PROXY TCP4 " + bytes);
    expect_sane("PROXY UNKNOWN" + bytes);
    expect_sane(signature + bytes);
    expect_sane(signature + "\x21\x11" + u16(bytes.size()) + bytes);
  }
}

TEST(read_proxy_header, takes_headers_with_a_byte_changed_or_missing) {
  std::mt19937 random(7);
  for (const auto& each : valid()) {
    if (each.bytes.size() > longest_proxy_line) continue;
    for (std::size_t i = 0; i < each.bytes.size(); ++i) {
      auto bytes = each.bytes + "startup";
      bytes[i] = static_cast<char>(random());
      expect_sane(bytes);
      expect_sane(bytes.erase(i, 1));
    }
  }
}

TEST(network_address, is_written_for_logs) {
  const std::pair<network_address, const char*> rows[] = {
      {{}, "0.0.0.0:0"},
      {{address_family::v4, {192, 0, 2, 1}, 5432}, "192.0.2.1:5432"},
      {{address_family::v4, {1, 2, 3, 4, 5, 6}, 65535}, "1.2.3.4:65535"},
      {{address_family::v6, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 5432}, "[2001:db8::1]:5432"},
      {{address_family::v6, {}, 0}, "[::]:0"},
      {{address_family::unix_socket, {}, 0}, "[local]"},
  };
  for (const auto& [address, text] : rows) EXPECT_EQ(to_text(address), text);
}

}  // namespace
}  // namespace highwater::wire
