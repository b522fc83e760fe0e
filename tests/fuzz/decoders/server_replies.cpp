// What a server answers, taken apart against what it was asked.
//
// The input: how the reader's owner decides (a byte, see `manner`), how many replies are due (a byte, of which four
// bits count), what each is (a byte: kind, and flags), and then what the server sends. However that arrives, the same
// is told; and wherever something of the proxy's own goes to the client, no message of the server's is left unfinished.

#include "proxy/wire/description.hpp"
#include "proxy/wire/first_reply.hpp"
#include "tests/fuzz/decoders/harness.hpp"
#include "tests/fuzz/decoders/reply_owner.hpp"

namespace highwater::fuzz {
namespace {

using namespace wire;
using outcome = reply_reader::outcome;

// All but late_syncs, which only a copy's end makes due.
expected_reply due_by(std::uint8_t byte) {
  expected_reply due;
  due.kind = static_cast<reply_kind>((byte & 15U) % static_cast<unsigned>(reply_kind::late_syncs));
  due.hidden = !is_local(due.kind) && (byte & 16U) != 0;
  due.first_only = due.kind == reply_kind::query && (byte & 32U) != 0;
  due.unnamed = (byte & 64U) != 0;
  return due;
}

struct exchange {
  manner decides;
  std::string_view due;
  std::string_view answers;

  explicit exchange(std::string_view input) {
    reader in(input);
    decides.bits = in.u8();
    const std::size_t count = in.u8() & 15U;
    due = in.take(count);
    answers = in.rest();
  }
};

void check_queue(const reply_queue& queue) {
  std::size_t ready = 0;
  for (std::size_t i = 0; i < queue.size(); ++i) ready += ends_with_ready(queue.at(i).kind);
  must(ready == queue.ready_count(), "as many ReadyForQuery are to come as things that end with one");
}

class connection {
public:
  explicit connection(const exchange& what) : owner_{what.decides, queue_, reader_} {
    for (const char each : what.due) queue_.push(due_by(static_cast<std::uint8_t>(each)));
  }

  void take(std::string_view part) {
    if (over_) return;
    inbox_ += part;
    while (read()) {
    }
  }
  std::string account() const {
    return owner_.told + " sent " + owner_.sent + " left " + std::to_string(inbox_.size()) + ", due " +
           std::to_string(queue_.size()) + (reader_.in_message() ? " within" : "") +
           (reader_.is_settled(queue_) ? " settled" : "") + (reader_.copying_in() ? " copying" : "") +
           (reader_.may_owe_ready() ? " doubtful" : "") + (reader_.is_open(queue_) ? " open" : "");
  }

private:
  // Again behind a stop.
  bool read() {
    const auto got = reader_.read(inbox_, queue_, owner_);
    must(got.consumed <= inbox_.size(), "no more is taken than there is");
    must(got.what != outcome::stopped || got.consumed > 0, "it stops behind something");
    check_queue(queue_);
    inbox_.erase(0, got.consumed);
    // Whoever is told now that the connection is lost, or is served by another one, has whole messages.
    if (!reader_.in_message()) must(owner_.client.between_messages(), "messages are forwarded to their end");
    over_ = got.what == outcome::violation;
    if (over_) {
      owner_.note("violation");
      inbox_.clear();
    }
    return got.what == outcome::stopped;
  }

  reply_queue queue_;
  reply_reader reader_;
  reply_owner owner_;
  std::string inbox_;
  bool over_ = false;
};

std::string account_of(const exchange& what, const pieces& parts) {
  connection server(what);
  for (const auto part : parts) server.take(part);
  return server.account();
}

// A verdict on less is one on more, but that rows may yet be followed by an error.
void check_first_reply(std::string_view part, std::string_view whole) {
  for (const bool prepares : {false, true}) {
    const auto before = judge_first_reply(part, prepares);
    const auto after = judge_first_reply(whole, prepares);
    if (before.what == first_reply::verdict::refused) {
      must(after.what == before.what && after.why == before.why, "what is refused stays refused");
    }
    must(after.what != first_reply::verdict::undecided || whole.size() < most_held_back, "only so much is held back");
    must((after.what == first_reply::verdict::refused) == (after.why != replica_refusal::none),
         "refusals have reasons");
  }
}

// Every reader sees every message: none may rely on having been asked for the right one.
void read_as_anything(std::string_view bytes) {
  std::string_view previous;
  frame message;
  while (peek_frame(bytes, reply_reader::max_length, message) == frame_status::ok && message.complete()) {
    const auto body = message.body();
    must(same_columns(body, body), "columns are the same as themselves");
    must(same_columns(previous, body) == same_columns(body, previous), "what is the same is so both ways");
    must(!read_backend_key(body) || body.size() == 8, "a key of protocol 3.0 has eight bytes");
    const auto parameter = read_parameter_status(body);
    must(!parameter || parameter->name.size() + parameter->value.size() + 2 == body.size(),
         "ParameterStatus is read as a whole");
    read_error(body);
    previous = body;
    bytes.remove_prefix(message.available.size());
  }
}

}  // namespace
}  // namespace highwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::fuzz;
  const exchange what(text_of(data, size));
  const auto whole = account_of(what, {what.answers});
  read_as_anything(what.answers);
  check_first_reply(what.answers, what.answers);
  for (const auto& parts : arrivals(what.answers)) {
    must_equal(account_of(what, parts), whole, "what is told does not depend on how the bytes arrive");
    check_first_reply(parts.front(), what.answers);
  }
  return 0;
}
