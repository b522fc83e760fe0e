#pragma once

// Who owns a reply_reader: writes down what it is told and what the client is sent, and sees to it that nothing of the
// proxy's own is sent within a message of the server's.

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/wire/reply_reader.hpp"
#include "tests/fuzz/decoders/harness.hpp"

namespace highwater::fuzz {

// Follows a stream of messages.
class follower {
public:
  void take(std::string_view bytes) {
    while (!bytes.empty()) {
      if (left_ > 0) {
        const auto part = left_ < bytes.size() ? static_cast<std::size_t>(left_) : bytes.size();
        bytes.remove_prefix(part);
        left_ -= part;
        continue;
      }
      header_ += bytes.front();
      bytes.remove_prefix(1);
      if (header_.size() < wire::header_size) continue;
      must(wire::load_u32(header_.data() + 1) >= 4, "what the client gets has sane headers");
      left_ = wire::load_u32(header_.data() + 1) - 4U;
      header_.clear();
    }
  }
  bool between_messages() const noexcept { return left_ == 0 && header_.empty(); }

private:
  std::string header_;
  std::uint64_t left_ = 0;
};

// How the owner decides, by bits.
struct manner {
  std::uint8_t bits = 0;

  bool shows_parameters() const noexcept { return (bits & 1U) != 0; }
  wire::after_error errors() const noexcept { return static_cast<wire::after_error>((bits >> 1U & 3U) % 3U); }
  wire::after_ready readiness() const noexcept { return static_cast<wire::after_ready>((bits >> 3U & 3U) % 3U); }
  bool syncs_within_copies() const noexcept { return (bits & 32U) != 0; }
};

struct reply_owner {
  manner decides;
  wire::reply_queue& queue;
  wire::reply_reader& reader;
  std::string told{};
  std::string sent{};  // to the client, what is the proxy's own in brackets; handed over later than it is told of
  follower client{};

  void note(std::string_view what) { told.append("[").append(what).append("]"); }
  void note(std::string_view what, const wire::expected_reply& about) {
    note(std::string(what) + " " + std::to_string(static_cast<int>(about.kind)));
  }
  void says(std::string_view what) {
    must(client.between_messages(), "nothing is said in the middle of a message");
    sent.append("[").append(what).append("]");
  }

  void forward(std::string_view bytes) {
    must(!bytes.empty(), "what is forwarded is something");
    sent += bytes;
    client.take(bytes);
  }
  void completed(const wire::expected_reply& what) { note("completed", what); }
  void abandoned(const wire::expected_reply& what, bool failed) { note(failed ? "failed" : "skipped", what); }
  void described(const wire::expected_reply& what, const wire::frame& message) {
    must(message.complete(), "what is to be remembered is whole");
    note("described", what);
    told += message.available;
  }
  void local(const wire::expected_reply& what) {
    says("local");
    note("local", what);
  }
  void command_complete(std::string_view tag) { note(tag); }
  bool parameter_status(const wire::parameter_status_message& message) {
    note(message.name);
    return decides.shows_parameters();
  }
  wire::after_error failed(const wire::error_fields& fields, bool hidden) {
    note(std::string(hidden ? "hidden " : "error ").append(fields.code).append(fields.message));
    note(std::to_string(static_cast<int>(wire::refusal_of(fields))) + (wire::is_stale_plan(fields) ? "s" : "") +
         (wire::ends_connection(fields) ? "e" : ""));
    return decides.errors();
  }
  void replacement() { says("replacement"); }
  void copy_in(std::size_t syncs) {
    note("copy in " + std::to_string(syncs));
    if (decides.syncs_within_copies()) reader.sync_within_copy();
  }
  void copy_ended(bool doubtful) {
    note(doubtful ? "copy ended?" : "copy ended");
    if (doubtful) queue.push({wire::reply_kind::late_syncs, true});
  }
  void late_syncs(std::size_t count, bool extended, wire::transaction_status status) {
    note("late syncs " + std::to_string(count) + (extended ? "x" : "") + static_cast<char>(status));
  }
  wire::after_ready ready(wire::transaction_status status, const wire::expected_reply& what) {
    note(std::string("ready ") + static_cast<char>(status), what);
    return decides.readiness();
  }
};

}  // namespace highwater::fuzz
