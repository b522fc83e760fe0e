#include "proxy/wire/reply_reader.hpp"

#include <gtest/gtest.h>

namespace highwater::wire {
namespace {

using enum reply_kind;
using outcome = reply_reader::outcome;

// The server's messages, one letter each: their types, and `z` for a ReadyForQuery inside a transaction.
std::string server_message(char letter) {
  std::string out;
  switch (letter) {
    case 'E':
      write_error(out, severity::error, {"22012", "division by zero", "", ""});
      break;
    case 'Z':
      write_ready_for_query(out, transaction_status::idle);
      break;
    case 'z':
      write_ready_for_query(out, transaction_status::in_transaction);
      break;
    case 'C':
      write_command_complete(out, "SELECT 1");
      break;
    case 'S':
      write_parameter_status(out, "TimeZone", "UTC");
      break;
    case 'N':
      write_notice(out, severity::notice, {"00000", "by the way", "", ""});
      break;
    case 'D':
      write_text_row(out, "a value");
      break;
    case 'T':
      write_text_row_description(out, "a");
      break;
    default:
      writer(out, letter).bytes("\0\0\0");
      break;
  }
  return out;
}
std::string server(std::string_view letters) {
  std::string out;
  for (const char letter : letters) out += server_message(letter);
  return out;
}

// Writes down what it is told: forwarded messages by their letters, everything else in brackets.
struct scribe {
  std::string told;
  std::string bytes;      // all that was forwarded
  std::string unwritten;  // forwarded, not yet written down
  bool shows_parameters = true;
  after_error errors = after_error::show;
  bool goes_on = true;

  void note(const std::string& what) {
    settle();
    told += "[" + what + "]";
  }
  void settle() {
    frame found;
    while (peek_frame(unwritten, 1U << 30, found) == frame_status::ok && found.complete()) {
      told += found.type;
      unwritten.erase(0, static_cast<std::size_t>(found.size));
    }
  }
  void forward(std::string_view part) {
    bytes += part;
    unwritten += part;
    settle();
  }
  static std::string name(const expected_reply& what) {
    const char* const names[] = {"parse", "bind",  "describe", "describe_portal", "execute",     "close",
                                 "sync",  "query", "call",     "local_parse",     "local_close", "late_syncs"};
    return names[static_cast<int>(what.kind)];
  }
  void completed(const expected_reply& what) { done += name(what) + " "; }
  void abandoned(const expected_reply& what, bool failed) { skipped += name(what) + (failed ? "! " : " "); }
  void described(const expected_reply& what, const frame& message) {
    descriptions += name(what) + ":" + message.type + " ";
  }
  void local(const expected_reply& what) { note(name(what)); }
  void command_complete(std::string_view) { ++commands; }
  bool parameter_status(const parameter_status_message&) const { return shows_parameters; }
  after_error failed(const error_fields& fields, bool hidden) {
    failures += std::string(fields.code) + (hidden ? " hidden " : " ");
    return errors;
  }
  void replacement() { note("instead"); }
  void copy_in(std::size_t) { ++copies; }
  void copy_ended(bool doubtful) {
    --copies;
    if (doubtful) asks->push({reply_kind::late_syncs, true});
  }
  void late_syncs(std::size_t count, bool extended, transaction_status) {
    note(std::to_string(count) + (extended ? " late" : " late of a query"));
  }
  after_ready ready(transaction_status status, const expected_reply& what) {
    statuses += static_cast<char>(status);
    if (what.hidden) statuses += '*';
    return goes_on ? after_ready::go_on : after_ready::stop;
  }

  std::string done, skipped, failures, statuses, descriptions;
  int commands = 0, copies = 0;
  reply_queue* asks = nullptr;  // how many Syncs of a copy have been answered
};

struct exchange {
  reply_queue queue;
  reply_reader reader;
  scribe client;

  exchange& expect(std::initializer_list<reply_kind> kinds, bool hidden = false) {
    for (const auto kind : kinds) queue.push({kind, hidden});
    return *this;
  }
  outcome receive(std::string_view bytes) {
    client.asks = &queue;
    const auto result = reader.read(bytes, queue, client);
    consumed = result.consumed;
    return result.what;
  }
  std::size_t consumed = 0;
};

using kinds = std::vector<expected_reply>;
constexpr expected_reply hidden(reply_kind kind) {
  return {kind, true};
}

struct row {
  const char* why;
  kinds queue;
  const char* sent;
  const char* told;
  std::size_t left = 0;  // in the queue
  const char* skipped = "";
};

const row conversations[] = {
    {"simple query", {{query}}, "TDDCZ", "TDDCZ"},
    {"several statements in one query", {{query}}, "TDCTDCIZ", "TDCTDCIZ"},
    {"an error in a simple query", {{query}}, "TDEZ", "TDEZ"},
    {"pipelined simple queries", {{query}, {query}}, "TDCZCZ", "TDCZCZ"},
    {"an error does not touch the next query", {{query}, {query}}, "EZTDCZ", "EZTDCZ"},
    {"function call", {{function_call}}, "VZ", "VZ"},
    {"copy out", {{query}}, "HdddcCZ", "HdddcCZ"},
    {"extended", {{parse}, {bind}, {describe_portal}, {execute}, {sync}}, "12TDCZ", "12TDCZ"},
    {"describe a statement", {{parse}, {describe_statement}, {sync}}, "1tTZ", "1tTZ"},
    {"describe one without rows", {{describe_statement}, {bind}, {execute}, {sync}}, "tn2CZ", "tn2CZ"},
    {"suspended, resumed", {{bind}, {execute}, {execute}, {sync}}, "2DsDCZ", "2DsDCZ"},
    {"an empty query", {{parse}, {bind}, {execute}, {sync}}, "12IZ", "12IZ"},
    {"close", {{close}, {sync}}, "3Z", "3Z"},
    {"pipelined", {{bind}, {execute}, {sync}, {bind}, {execute}, {sync}}, "2DCZ2DCZ", "2DCZ2DCZ"},
    {"notices and notifications any time", {{query}}, "NTANDCSZA", "NTANDCSZA"},
    {"nothing is asked", {}, "NAS", "NAS"},
    {"unfinished", {{bind}, {execute}, {sync}}, "2D", "2D", 2},

    {"a hidden query", {hidden(query), {query}}, "TDCZTDCZ", "TDCZ"},
    {"notices of a hidden query", {hidden(query), {query}}, "NCZNCZ", "NCZ"},
    {"a hidden Parse", {hidden(parse), {bind}, {execute}, {sync}}, "12DCZ", "2DCZ"},
    {"a hidden Close between", {{bind}, hidden(close), {execute}, {sync}}, "23DCZ", "2DCZ"},
    {"a hidden Sync", {{bind}, {execute}, hidden(sync)}, "2DCZ", "2DC"},
    {"the error of a hidden query is hidden", {hidden(query), {query}}, "EZCZ", "CZ"},
    {"the error of a hidden Parse is the client's", {hidden(parse), {bind}, {sync}}, "EZ", "EZ", 0, "parse! bind "},

    {"a local answer first", {{local_parse_complete}, {bind}, {execute}, {sync}}, "2DCZ", "[local_parse]2DCZ"},
    {"a local answer waits its turn", {{bind}, {execute}, {local_close_complete}, {sync}}, "2DCZ", "2DC[local_close]Z"},
    {"in the next batch", {{execute}, {sync}, {local_parse_complete}, {bind}, {sync}}, "CZ2Z", "CZ[local_parse]2Z"},
    {"behind a simple query", {{query}, {local_parse_complete}, {sync}}, "CZZ", "CZ[local_parse]Z"},
    {"several",
     {{parse}, {local_parse_complete}, {local_close_complete}, {sync}},
     "1Z",
     "1[local_parse][local_close]Z"},
    {"behind a hidden one", {hidden(parse), {local_parse_complete}, {sync}}, "1Z", "[local_parse]Z"},
    {"behind a description", {{describe_statement}, {local_close_complete}, {sync}}, "tTZ", "tT[local_close]Z"},

    {"an error skips to Sync", {{parse}, {bind}, {execute}, {sync}}, "EZ", "EZ", 0, "parse! bind execute "},
    {"in the middle", {{parse}, {bind}, {execute}, {sync}}, "12DEZ", "12DEZ", 0, "execute! "},
    {"at Sync itself: a commit that fails", {{bind}, {execute}, {sync}}, "2CEZ", "2CEZ"},
    {"local answers are skipped too",
     {{bind}, {local_parse_complete}, {execute}, {sync}},
     "EZ",
     "EZ",
     0,
     "bind! local_parse execute "},
    {"only as far as the first Sync",
     {{bind}, {execute}, {sync}, {bind}, {execute}, {sync}},
     "EZ2DCZ",
     "EZ2DCZ",
     0,
     "bind! execute "},
    {"two batches fail", {{bind}, {sync}, {bind}, {sync}}, "EZEZ", "EZEZ", 0, "bind! bind! "},
};

exchange begin(const row& each) {
  exchange it;
  for (const auto& what : each.queue) it.queue.push(what);
  return it;
}

TEST(reply_reader, forwards_what_the_client_asked_for) {
  for (const auto& each : conversations) {
    auto it = begin(each);
    const auto stream = server(each.sent);
    EXPECT_EQ(it.receive(stream), outcome::more) << each.why;
    EXPECT_EQ(it.client.told, each.told) << each.why;
    EXPECT_EQ(it.client.skipped, each.skipped) << each.why;
    EXPECT_EQ(it.queue.size(), each.left) << each.why;
    EXPECT_EQ(it.consumed, stream.size()) << each.why;
  }
}

// However the bytes arrive, the client gets the same ones, in the same order.
TEST(reply_reader, does_not_care_how_the_bytes_arrive) {
  for (const auto& each : conversations) {
    auto at_once = begin(each);
    const auto stream = server(each.sent);
    at_once.receive(stream);
    for (std::size_t chunk = 1; chunk < stream.size(); ++chunk) {
      auto it = begin(each);
      std::string held;
      for (std::size_t at = 0; at < stream.size(); at += chunk) {
        held += stream.substr(at, chunk);
        ASSERT_EQ(it.receive(held), outcome::more) << each.why << " by " << chunk;
        held.erase(0, it.consumed);
      }
      ASSERT_EQ(it.client.told, each.told) << each.why << " by " << chunk;
      ASSERT_EQ(it.client.skipped, each.skipped) << each.why << " by " << chunk;
      ASSERT_EQ(it.client.bytes, at_once.client.bytes) << each.why << " by " << chunk;
      ASSERT_EQ(it.queue.size(), each.left) << each.why << " by " << chunk;
    }
  }
}

TEST(reply_reader, tells_what_has_been_done) {
  exchange it;
  it.expect({parse, bind, execute, close, sync});
  it.receive(server("12DC3z"));
  EXPECT_EQ(it.client.done, "parse bind execute close ");
  EXPECT_EQ(it.client.commands, 1);
  EXPECT_EQ(it.client.statuses, "T");
  EXPECT_EQ(it.client.failures, "");
}

TEST(reply_reader, tells_hidden_from_shown) {
  exchange it;
  it.expect({query}, true).expect({query});
  it.receive(server("EZEZ"));
  EXPECT_EQ(it.client.failures, "22012 hidden 22012 ");
  EXPECT_EQ(it.client.statuses, "I*I");
  EXPECT_EQ(it.client.commands, 0);
}

// What the proxy has added to a Query has its answers behind the client's.
TEST(reply_reader, shows_the_first_statements_answer_where_there_is_more) {
  for (const auto& [sent, told] : {std::pair{"TDCSTDCSZ", "TDCSSZ"}, {"CTDCZ", "CZ"}, {"CNEZ", "CEZ"}, {"EZ", "EZ"}}) {
    exchange it;
    it.queue.push({query, false, 0, 0, false, true});
    it.expect({query});
    EXPECT_EQ(it.receive(server(sent)), outcome::more) << sent;
    EXPECT_EQ(it.client.told, told) << sent;
    EXPECT_LE(it.client.commands, 1) << sent;
    EXPECT_EQ(it.receive(server("TDCZ")), outcome::more) << sent;
    EXPECT_EQ(it.client.told, std::string(told) + "TDCZ") << "the next one is the client's again";
  }
}

TEST(reply_reader, asks_whether_an_error_is_shown) {
  exchange it;
  it.client.errors = after_error::hide;
  it.expect({query});
  it.receive(server("TE"));
  EXPECT_EQ(it.client.failures, "22012 ");
  EXPECT_EQ(it.client.told, "T");
}

TEST(reply_reader, asks_whether_a_parameter_is_shown) {
  exchange it;
  it.client.shows_parameters = false;
  it.expect({query});
  it.receive(server("SCSZS"));
  EXPECT_EQ(it.client.told, "CZ");
}

// The error comes before the Sync has been sent: what is sent until then is skipped as well.
TEST(reply_reader, skips_what_is_sent_between_an_error_and_its_sync) {
  exchange it;
  it.expect({parse, bind});
  it.receive(server("E"));
  EXPECT_EQ(it.client.told, "E") << "the error goes out at once";
  EXPECT_EQ(it.client.skipped, "parse! bind ");
  EXPECT_TRUE(it.queue.empty());
  it.expect({bind, local_parse_complete, execute});
  it.receive(server("N"));
  EXPECT_EQ(it.client.told, "EN") << "the proxy's own answers are skipped, too";
  it.expect({sync});
  EXPECT_EQ(it.receive(server("Z")), outcome::more);
  EXPECT_EQ(it.client.told, "ENZ");
  EXPECT_EQ(it.client.skipped, "parse! bind bind local_parse execute ");
  it.expect({bind, execute, sync});
  EXPECT_EQ(it.receive(server("2CZ")), outcome::more);
  EXPECT_TRUE(it.queue.empty());
}

// What the server will still say is known only when nothing of an exchange is left over, owed or not.
TEST(reply_reader, knows_when_nothing_is_under_way) {
  struct step {
    kinds sent;
    const char* answered;
    bool open, skips, settled;
  };
  struct exchange_row {
    const char* why;
    std::vector<step> steps;
  };
  const exchange_row rows[] = {
      {"nothing yet", {{{}, "", false, false, true}}},
      {"a query", {{{{query}}, "", false, false, false}, {{}, "TDCZ", false, false, true}}},
      {"a sync is missing",
       {{{{parse}, {bind}, {execute}}, "12C", true, false, false}, {{{sync}}, "Z", false, false, true}}},
      {"a query ends it too",
       {{{{parse}, {bind}, {execute}}, "12C", true, false, false}, {{{query}}, "CZ", false, false, true}}},
      {"it skips to a sync that is yet to come",
       {{{{execute}}, "E", true, true, false}, {{{sync}}, "", false, false, false}, {{}, "Z", false, false, true}}},
      {"a query behind the error is skipped with it",
       {{{{execute}, {query}}, "", false, false, false},
        {{}, "E", true, true, false},
        {{{sync}}, "Z", false, false, true}}},
      {"a function call likewise", {{{{execute}, {function_call}}, "E", true, true, false}}},
      {"a sync has been sent already",
       {{{{execute}, {sync}}, "E", false, false, false}, {{}, "Z", false, false, true}}},
      {"an error in a query skips nothing", {{{{query}}, "EZ", false, false, true}}},
      {"... also at the end of an exchange", {{{{bind}, {query}}, "2EZ", false, false, true}}},
      {"what is answered here opens nothing", {{{{local_parse_complete}}, "S", false, false, true}}},
      {"a copy is under way", {{{{query}}, "G", false, false, false}, {{}, "CZ", false, false, true}}},
      {"a copy has swallowed the sync",
       {{{{bind}, {execute}, {sync}}, "2G", true, false, false}, {{{sync}}, "CZ", false, false, true}}},
      {"a copy that fails may not have: that is asked",
       {{{{bind}, {execute}, {sync}}, "2G", true, false, false},
        {{}, "E", false, false, false},
        {{}, "Z", false, false, false},
        {{}, "Z3", false, false, false},
        {{}, "Z", false, false, true}}},
      {"with more than a Sync behind it, it has not",
       {{{{execute}, {sync}, {bind}, {sync}}, "GE", false, false, false}, {{}, "Z2Z", false, false, true}}},
  };
  for (const auto& each : rows) {
    exchange it;
    for (std::size_t i = 0; i < each.steps.size(); ++i) {
      for (const auto& what : each.steps[i].sent) it.queue.push(what);
      EXPECT_EQ(it.receive(server(each.steps[i].answered)), outcome::more) << each.why << ", step " << i;
      EXPECT_EQ(it.reader.is_open(it.queue), each.steps[i].open) << each.why << ", step " << i;
      EXPECT_EQ(it.reader.skips(it.queue), each.steps[i].skips) << each.why << ", step " << i;
      EXPECT_EQ(it.reader.is_settled(it.queue), each.steps[i].settled) << each.why << ", step " << i;
    }
  }
}

TEST(reply_reader, tells_what_a_hidden_describe_says_and_nobody_elses) {
  exchange it;
  it.queue.push({describe_statement, true, 0, 7});
  it.expect({describe_statement, describe_portal, sync});
  const auto all = server("tTtnTZ");
  EXPECT_EQ(it.receive(all.substr(0, 3)), outcome::more);
  EXPECT_EQ(it.consumed, 0U) << "it is needed as a whole";
  EXPECT_EQ(it.receive(all), outcome::more);
  EXPECT_EQ(it.client.descriptions, "describe:t describe:T ");
  EXPECT_EQ(it.client.told, "tnTZ");
}

TEST(reply_reader, replaces_an_error_in_its_place) {
  exchange it;
  it.client.errors = after_error::replace;
  it.expect({bind, execute, bind, execute, sync});
  EXPECT_EQ(it.receive(server("2DC2EZ")), outcome::more);
  EXPECT_EQ(it.client.told, "2DC2[instead]Z");
}

TEST(reply_reader, answers_locally_behind_a_sync_that_ends_a_skip) {
  exchange it;
  it.expect({parse});
  it.receive(server("E"));
  it.expect({bind, sync, local_parse_complete, sync});
  EXPECT_EQ(it.receive(server("ZZ")), outcome::more);
  EXPECT_EQ(it.client.told, "EZ[local_parse]Z");
}

TEST(reply_reader, swallows_the_syncs_of_a_copy_in) {
  exchange it;
  it.expect({bind, execute, sync});
  it.receive(server("2G"));
  EXPECT_TRUE(it.reader.copying_in());
  EXPECT_EQ(it.client.copies, 1);
  EXPECT_EQ(it.queue.ready_count(), 0U);
  it.expect({sync});  // behind the client's CopyDone
  EXPECT_EQ(it.receive(server("CZ")), outcome::more);
  EXPECT_FALSE(it.reader.copying_in());
  EXPECT_EQ(it.client.copies, 0);
  EXPECT_EQ(it.client.told, "2GCZ");
  EXPECT_TRUE(it.queue.empty());
}

TEST(reply_reader, ends_a_copy_in_that_fails) {
  exchange it;
  it.expect({execute});
  it.receive(server("GE"));
  EXPECT_FALSE(it.reader.copying_in());
  EXPECT_EQ(it.client.copies, 0);
  EXPECT_FALSE(it.reader.may_owe_ready());
  EXPECT_TRUE(it.reader.skips(it.queue));
  it.expect({sync});
  EXPECT_EQ(it.receive(server("Z")), outcome::more);
  EXPECT_EQ(it.client.told, "GEZ");
}

// What was sent within a copy is answered from the copy's failure on, and the answer to a Sync, "3" and another one are
// the proxy's own.
TEST(reply_reader, counts_the_syncs_that_are_answered_behind_a_copy_in_that_fails) {
  struct copy_row {
    const char* why;
    kinds queue;
    unsigned within;   // Syncs that are sent behind the G
    const char* sent;  // from there on
    const char* told;
  };
  const copy_row rows[] = {
      {"ignored, all of them", {{execute}, {sync}}, 2, "EZ3Z", "GE[0 late]"},
      {"it failed before the only one", {{execute}, {sync}}, 0, "EZZ3Z", "GE[1 late]"},
      {"... between two", {{execute}}, 2, "EZZ3Z", "GE[1 late]"},
      {"... before two", {{execute}}, 2, "EZZZ3z", "GE[2 late]"},
      {"of a Query, which has an answer of its own", {{query}}, 2, "EZZZ3Z", "GEZ[1 late of a query]"},
      {"... ignored", {{query}}, 1, "EZZ3Z", "GEZ[0 late of a query]"},
      {"a setting has been taken back with it", {{execute}, {sync}}, 0, "ESZZ3Z", "GES[1 late]"},
      {"it has not failed", {{execute}, {sync}}, 3, "C", "GC"},
  };
  for (const auto& each : rows) {
    SCOPED_TRACE(each.why);
    exchange it;
    for (const auto& what : each.queue) it.queue.push(what);
    ASSERT_EQ(it.receive(server("G")), outcome::more);
    for (auto left = each.within; left > 0; --left) it.reader.sync_within_copy();
    EXPECT_TRUE(it.reader.may_owe_ready());
    for (const char letter : std::string_view(each.sent)) {
      ASSERT_EQ(it.receive(server(std::string_view(&letter, 1))), outcome::more);
      EXPECT_EQ(it.reader.may_owe_ready(), !it.queue.empty());
    }
    EXPECT_EQ(it.client.told, each.told);
    EXPECT_TRUE(it.queue.empty());
    EXPECT_FALSE(it.reader.skips(it.queue));
    if (!it.client.told.ends_with("C")) {
      EXPECT_TRUE(it.reader.is_settled(it.queue));
      EXPECT_EQ(it.receive(server("Z")), outcome::violation) << "there were only these";
    }
  }
}

TEST(reply_reader, copies_in_by_simple_query) {
  exchange it;
  it.expect({query});
  EXPECT_EQ(it.receive(server("GCZ")), outcome::more);
  EXPECT_EQ(it.client.told, "GCZ");
  EXPECT_TRUE(it.queue.empty());
}

TEST(reply_reader, stops_where_it_is_told_to) {
  exchange it;
  it.client.goes_on = false;
  it.expect({query, query});
  const auto first = server("CZ");
  EXPECT_EQ(it.receive(first + server("CZ")), outcome::stopped);
  EXPECT_EQ(it.consumed, first.size());
  EXPECT_EQ(it.client.told, "CZ");
}

TEST(reply_reader, stops_behind_a_hidden_ready_for_query) {
  exchange it;
  it.client.goes_on = false;
  it.expect({query}, true);
  EXPECT_EQ(it.receive(server("CZ")), outcome::stopped);
  EXPECT_EQ(it.client.bytes, "");
}

TEST(reply_reader, passes_long_rows_on_in_pieces) {
  std::string row;
  write_text_row(row, std::string(100'000, 'x'));
  for (const bool is_hidden : {false, true}) {
    exchange it;
    it.expect({query}, is_hidden);
    it.receive(row.substr(0, 1'000));
    EXPECT_EQ(it.consumed, 1'000U);
    EXPECT_TRUE(it.reader.in_message());
    it.receive(row.substr(1'000) + server("CZ"));
    EXPECT_FALSE(it.reader.in_message());
    EXPECT_EQ(it.client.bytes, is_hidden ? "" : row + server("CZ"));
  }
}

TEST(reply_reader, holds_short_messages_until_they_are_there) {
  exchange it;
  it.expect({query});
  const auto error = server("E");
  it.receive(error.substr(0, error.size() - 1));
  EXPECT_EQ(it.consumed, 0U);
  EXPECT_EQ(it.client.bytes, "");
}

TEST(reply_reader, notices_what_does_not_belong_there) {
  const row rows[] = {
      {"a row that nobody asked for", {}, "D", ""},
      {"ready, but nothing was asked", {}, "Z", ""},
      {"ready in the middle", {{bind}, {sync}}, "Z", "", 2},
      {"bound before parsed", {{parse}, {bind}, {sync}}, "2", "", 3},
      {"parsed twice", {{parse}, {sync}}, "11", "1", 1},
      {"closed unasked", {{query}}, "3", "", 1},
      {"completed unasked", {}, "C", ""},
      {"copy-in unasked", {}, "G", ""},
      {"a client's message", {{query}}, "Q", "", 1},
      {"authentication in the middle of a session", {{query}}, "R", "", 1},
      {"what came before it is still forwarded", {{query}}, "TDDR", "TDD", 1},
  };
  for (const auto& each : rows) {
    auto it = begin(each);
    EXPECT_EQ(it.receive(server(each.sent)), outcome::violation) << each.why;
    EXPECT_EQ(it.client.told, each.told) << each.why;
    EXPECT_EQ(it.queue.size(), each.left) << each.why;
  }
}

TEST(reply_reader, notices_malformed_messages) {
  using namespace std::string_literals;
  const std::string broken[] = {
      "Z\0\0\0\x05X"s,   // no such status
      "Z\0\0\0\x06II"s,  // too long
      "Z\0\0\0\x04"s,    // too short
      "E\0\0\0\x06"
      "C4"s,               // no end
      "C\0\0\0\x08SELE"s,  // no end
      "S\0\0\0\x06"
      "a\0"s,                // no value
      "T\0\0\0\x03"s,        // shorter than its own length
      "D\x80\0\0\0"s,        // 2^31
      "E\x7F\xFF\xFF\xFF"s,  // more than is held
      "\0\0\0\0\x04"s,       // no type
  };
  for (const auto& bytes : broken) {
    exchange it;
    it.expect({query});
    EXPECT_EQ(it.receive(bytes), outcome::violation) << testing::PrintToString(bytes);
    EXPECT_EQ(it.client.bytes, "");
  }
}

// The client has the first half of a row, and will be told that the connection is lost: behind the second half.
TEST(reply_reader, hands_on_what_came_before_a_malformed_message) {
  using namespace std::string_literals;
  const struct {
    std::string broken;
    const char* why;
  } rows[] = {
      {"D\0\0\0\x03"s, "shorter than its own length"},
      {"E\x7F\xFF\xFF\xFF"s, "more than is held"},
      {"Z\0\0\0\x05X"s, "no such status"},
  };
  const auto row = server("D");
  for (const auto& each : rows) {
    exchange it;
    it.expect({query});
    EXPECT_EQ(it.receive(row.substr(0, row.size() / 2)), outcome::more);
    EXPECT_TRUE(it.reader.in_message());
    EXPECT_EQ(it.receive(row.substr(row.size() / 2) + row + each.broken), outcome::violation) << each.why;
    EXPECT_EQ(it.client.bytes, row + row) << each.why;
    EXPECT_FALSE(it.reader.in_message()) << each.why;
  }
}

TEST(reply_reader, forgets_everything_at_reset) {
  exchange it;
  it.expect({execute});
  it.receive(server("GE"));
  it.reader.reset();
  it.queue.clear();
  it.expect({local_parse_complete, sync});
  EXPECT_EQ(it.receive(server("Z")), outcome::more);
  EXPECT_EQ(it.client.told, "GE[local_parse]Z");
}

}  // namespace
}  // namespace highwater::wire
