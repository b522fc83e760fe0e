// What a client sends once it is logged in: batches, and the messages in them.
//
// However the bytes arrive, the same batches are found; a batch is made of whole messages without gaps; and what is
// read of a message is all of it, as writing it again shows.

#include "proxy/wire/batch_scanner.hpp"

#include <algorithm>

#include "proxy/wire/messages.hpp"
#include "tests/fuzz/decoders/harness.hpp"

namespace highwater::fuzz {
namespace {

using namespace wire;

// Small, so that there is something on either side of them.
constexpr std::uint64_t max_message = 1024;
constexpr std::uint64_t max_batch = 512;

void reads_parse(std::string_view whole, std::string_view body) {
  const auto parse = read_parse(body);
  if (!parse) return;
  std::string again;
  write_parse(again, parse->name, parse->query, parse->parameter_types);
  if (whole[0] == frontend::parse) must_equal(again, whole, "Parse is read as a whole");
}

void reads_bind(std::string_view body) {
  const auto names = read_bind_names(body);
  must(names || !read_bind_count(body), "a Bind whose parameters are counted has names");
  if (!names) return;
  must(names->size <= body.size(), "the names of a Bind are within it");
  std::string again;
  again.append(names->portal).append(1, '\0').append(names->statement).append(1, '\0');
  must_equal(again, body.substr(0, names->size), "the names of a Bind are its beginning");
}

void reads_target(std::string_view whole, std::string_view body) {
  const auto target = read_target(body);
  if (!target) return;
  std::string again;
  write_target(again, whole[0], target->kind, target->name);
  must_equal(again, whole, "Describe and Close are read as a whole");
}

void reads_string(std::string_view whole, std::string_view body) {
  const auto text = read_single_string(body);
  if (!text) return;
  must(text->find('\0') == std::string_view::npos, "no text has a NUL in it");
  std::string again;
  write_query(again, *text);
  if (whole[0] == frontend::query) must_equal(again, whole, "Query is read as a whole");
}

void reads_execute(std::string_view body) {
  const auto execute = read_execute(body);
  if (execute) must(execute->portal.size() + 1 + 4 == body.size(), "Execute is read as a whole");
}

// Every reader sees every message: none may rely on having been asked for the right one.
void read_as_anything(std::string_view whole) {
  const auto body = whole.substr(header_size);
  reads_parse(whole, body);
  reads_bind(body);
  reads_target(whole, body);
  reads_string(whole, body);
  reads_execute(body);
  must(read_function_call(body).has_value() == (body.size() >= 4), "a FunctionCall begins with an OID");
}

// A session's inbox and its scanner, and an account of what was found.
class session {
public:
  void take(std::string_view part) {
    if (over_) return;
    inbox_ += part;
    while (look()) {
    }
  }
  std::string account() const {
    return told_ + "left " + std::to_string(inbox_.size()) + ", found " + std::to_string(scanner_.messages().size());
  }

private:
  bool look() {
    if (const auto part = std::min(skip_, inbox_.size()); part > 0) {
      inbox_.erase(0, part);
      skip_ -= part;
    }
    switch (scanner_.scan(inbox_, max_message, max_batch)) {
      case batch_scanner::outcome::incomplete:
        note_messages();
        wait_for_more();
        return false;
      case batch_scanner::outcome::violation:
        told_ += "violation ";
        note_messages();
        inbox_.clear();
        over_ = true;
        return false;
      case batch_scanner::outcome::too_long:
        return pass_too_long();
      case batch_scanner::outcome::complete:
        return take_batch();
    }
    return false;
  }

  void wait_for_more() const {
    frame next;
    const auto rest = std::string_view(inbox_).substr(scanner_.size());
    if (peek_frame(rest, max_message, next) != frame_status::ok) return;
    must(scanner_.size() + next.size <= max_batch, "only so much is waited for");
  }

  bool take_batch() {
    must(!scanner_.messages().empty(), "a batch that is complete has messages");
    must(scanner_.size() <= max_batch, "a batch is no longer than it may be");
    note_messages();
    told_ +=
        "batch" + std::to_string(static_cast<int>(scanner_.end())) + ":" + inbox_.substr(0, scanner_.size()) + "\n";
    cut_it();
    inbox_.erase(0, scanner_.size());
    scanner_.next();
    return true;
  }

  // As when it is streamed: what there is of it, and then the message that made it too long, unread.
  bool pass_too_long() {
    note_messages();
    frame next;
    const auto status = peek_frame(std::string_view(inbox_).substr(scanner_.size()), max_message, next);
    must(status == frame_status::ok && scanner_.size() + next.size > max_batch, "what is too long is too long");
    told_ += "too long:" + inbox_.substr(0, scanner_.size()) + " and " + std::to_string(next.size) + "\n";
    skip_ = scanner_.size() + static_cast<std::size_t>(next.size);
    scanner_.next();
    return true;
  }

  // One behind the other, and each what it says that it is.
  void note_messages() const {
    std::size_t at = 0;
    for (const auto& each : scanner_.messages()) {
      must(each.offset == at && each.size >= header_size, "messages follow upon each other");
      frame found;
      const auto whole = std::string_view(inbox_).substr(each.offset, each.size);
      must(peek_frame(whole, max_message, found) == frame_status::ok && found.complete() && found.type == each.type,
           "a message is what its header says");
      read_as_anything(whole);
      at += each.size;
    }
    must(at == scanner_.size() && at <= inbox_.size(), "the messages are all there is of a batch");
  }

  void cut_it() const {
    for (std::size_t i = 0; i < scanner_.messages().size(); ++i) {
      auto cut = scanner_;
      cut.cut_behind(i);
      const auto& last = scanner_.messages()[i];
      must(cut.size() == last.offset + last.size && cut.end() == batch_end::cut, "a batch is cut behind a message");
    }
  }

  std::string inbox_;
  batch_scanner scanner_;
  std::size_t skip_ = 0;
  bool over_ = false;
  std::string told_;
};

std::string account_of(const pieces& parts) {
  session listening;
  for (const auto part : parts) listening.take(part);
  return listening.account();
}

}  // namespace
}  // namespace highwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::fuzz;
  const auto bytes = text_of(data, size);
  const auto whole = account_of({bytes});
  for (const auto& parts : arrivals(bytes)) {
    must_equal(account_of(parts), whole, "batches do not depend on how the bytes arrive");
  }
  return 0;
}
