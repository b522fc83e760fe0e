#include "proxy/wire/first_reply.hpp"

#include <gtest/gtest.h>

#include "proxy/wire/messages.hpp"

namespace highwater::wire {
namespace {

using verdict = first_reply::verdict;

// One letter for each message that a server sends; E is a recovery conflict, e an error of the statement's own, F the
// server's end, P a stale plan.
std::string answer(std::string_view letters) {
  std::string out;
  for (const char letter : letters) {
    switch (letter) {
      case 'E':
        write_error(out, severity::error, {"40001", "canceling statement due to conflict with recovery", "", ""});
        break;
      case 'e':
        write_error(out, severity::error, {"22012", "division by zero", "", ""});
        break;
      case 'F':
        write_error(out, severity::fatal, {"57P01", "terminating connection", "", ""});
        break;
      case 'P':
        write_error(out, severity::error, {"0A000", "cached plan must not change result type", "", ""});
        break;
      default:
        writer(out, letter).c_string("x");
    }
  }
  return out;
}

TEST(judge_first_reply, looks_for_what_the_client_shall_not_see) {
  struct row {
    const char* why;
    const char* bytes;
    verdict expected;
    replica_refusal refusal = replica_refusal::none;
    bool prepares = false;
  };
  const row rows[] = {
      {"nothing yet", "", verdict::undecided},
      {"what comes before a row", "12TtnS3N", verdict::undecided},
      {"a row, and more may be long in coming", "TD", verdict::forward},
      {"an end", "TC", verdict::forward},
      {"an end behind rows", "TDDC", verdict::forward},
      {"its own error", "Te", verdict::forward},
      {"a conflict", "E", verdict::refused, replica_refusal::recovery_conflict},
      {"a conflict behind the columns", "12TE", verdict::refused, replica_refusal::recovery_conflict},
      {"a conflict behind rows that came with it", "TDDE", verdict::refused, replica_refusal::recovery_conflict},
      {"a conflict of the next statement", "TDCE", verdict::forward},
      {"the server's end", "TDF", verdict::refused, replica_refusal::shutdown},
      {"a plan of the client's that is out of date", "2P", verdict::forward},
      {"... that is somebody else's", "12P", verdict::refused, replica_refusal::shutdown, true},
  };
  for (const auto& each : rows) {
    const auto found = judge_first_reply(answer(each.bytes), each.prepares);
    EXPECT_EQ(found.what, each.expected) << each.why;
    EXPECT_EQ(found.why, each.refusal) << each.why;
  }
}

TEST(judge_first_reply, waits_for_the_rest_of_an_error_but_not_of_a_row) {
  const auto conflict = answer("TDE");
  const auto rows = answer("TD");
  for (auto size = rows.size() + 5; size < conflict.size(); ++size) {
    EXPECT_EQ(judge_first_reply(std::string_view(conflict).substr(0, size), false).what, verdict::undecided) << size;
  }
  EXPECT_EQ(judge_first_reply(std::string_view(rows).substr(0, rows.size() - 1), false).what, verdict::forward);
}

TEST(judge_first_reply, holds_back_so_much_and_no_more) {
  std::string many;
  while (many.size() < most_held_back) writer(many, backend::notice_response).c_string(std::string(1'000, 'x'));
  EXPECT_EQ(judge_first_reply(many, false).what, verdict::forward);
  std::string much = answer("T");
  while (much.size() < most_held_back) writer(much, backend::data_row).c_string(std::string(1'000, 'x'));
  EXPECT_EQ(judge_first_reply(much + answer("E"), false).what, verdict::forward);
}

}  // namespace
}  // namespace highwater::wire
