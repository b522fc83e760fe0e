#include "tests/fuzz/decoders/harness.hpp"

#include <cstdio>
#include <cstdlib>

namespace highwater::fuzz {

namespace {

constexpr std::size_t most_cut_everywhere = 40;
constexpr std::size_t cuts_of_longer_ones = 8;
constexpr std::size_t most_single_bytes = 256;

std::string printable(std::string_view bytes) {
  std::string out;
  for (const char each : bytes) {
    if (each >= ' ' && each <= '~') {
      out += each;
    } else {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned char>(each));
      out += code;
    }
  }
  return out;
}

// FNV-1a.
std::uint64_t hash_of(std::string_view bytes) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char each : bytes) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3U;
  return hash;
}

// One by one as far as that is worth it.
pieces trickle(std::string_view bytes) {
  pieces found;
  const auto step = bytes.size() / most_single_bytes + 1;
  for (std::size_t at = 0; at < bytes.size(); at += step) found.push_back(bytes.substr(at, step));
  return found;
}

}  // namespace

void must(bool holds, std::string_view promise) {
  if (holds) return;
  std::fprintf(stderr, "BROKEN PROMISE: %s\n", std::string(promise).c_str());
  std::abort();
}

void must_equal(std::string_view left, std::string_view right, std::string_view promise) {
  if (left == right) return;
  std::fprintf(stderr, "one:   %s\nother: %s\n", printable(left).c_str(), printable(right).c_str());
  must(false, promise);
}

std::vector<pieces> arrivals(std::string_view bytes) {
  if (bytes.empty()) return {{bytes}};
  std::vector<pieces> found{trickle(bytes)};
  const auto cut = [&](std::size_t at) { found.push_back({bytes.substr(0, at), bytes.substr(at)}); };
  if (bytes.size() <= most_cut_everywhere) {
    for (std::size_t at = 1; at < bytes.size(); ++at) cut(at);
    return found;
  }
  auto chosen = hash_of(bytes);
  for (std::size_t i = 0; i < cuts_of_longer_ones; ++i) {
    chosen = chosen * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX
    cut(1 + (chosen >> 33U) % (bytes.size() - 1));
  }
  return found;
}

}  // namespace highwater::fuzz
