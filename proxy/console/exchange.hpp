#pragma once

// One connection to the console, from the end of its login on: bytes of the client in, answers and commands to run out,
// in the simple protocol and the extended one. No I/O, no clock.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/console/identity.hpp"
#include "proxy/console/prepared.hpp"
#include "proxy/wire/frame.hpp"

namespace highwater::console {

class exchange {
public:
  enum class step : std::uint8_t {
    more,    // send what is in `out`, read on
    run,     // ... run asked(), tell finished(), and take() again at once, even if no bytes are left
    busy,    // a command is being run: nothing was taken
    closed,  // send what is in `out`, close
  };
  static constexpr std::uint64_t longest_message = 65'536;  // 54000 beyond, and the end

  explicit exchange(identity who) : who_(std::move(who)) {}

  // AuthenticationOk to ReadyForQuery.
  void welcome(std::string& out, const wire::backend_key_message& key) const;

  // Takes what it can from the beginning of `bytes`; what it has not used is to come again, with what follows.
  step take(std::string_view bytes, std::size_t& used, std::string& out);

  const command& asked() const noexcept { return now_; }
  // What has become of asked(). A table has the columns of its view.
  void finished(outcome how, std::string& out);

private:
  enum class part : std::uint8_t { none, of_query, of_portal };  // of what now_ is

  step take_message(const wire::frame& message, std::string& out);
  step refuse_length(std::string_view bytes, std::string& out) const;
  step end_with(const wire::error& why, std::string& out) const;

  step take_query(std::string_view body, std::string& out);
  step go_on(std::string& out);
  void fail_query(const wire::error& why, std::string& out);
  void sync(std::string& out);
  void ready(std::string& out) const;

  step run_now(std::string& out);
  outcome answer_here(outcome how);
  void tell_query(const outcome& how, std::string& out);
  void tell_portal(outcome how, std::string& out);
  void tell_rows(portal& from, std::string& out) const;

  step take_extended(const wire::frame& message, std::string& out);
  step take_execute(std::string_view body, std::string& out);
  void take_parse(std::string_view body, std::string& out);
  void take_bind(std::string_view body, std::string& out);
  void take_describe(std::string_view body, std::string& out);
  void take_close(std::string_view body, std::string& out);
  void answer(const std::optional<wire::error>& why, char complete, std::string& out);
  void fail(const wire::error& why, std::string& out);

  identity who_;
  prepared names_;
  command now_;
  part part_ = part::none;
  bool running_ = false;
  bool in_transaction_ = false;  // as drivers see it: nothing depends on it but the life of portals
  bool skip_to_sync_ = false;
  std::vector<command> query_;  // what is still to be run of a Query, the first at the end
  std::string portal_;          // of now_
  std::uint32_t max_rows_ = 0;  // ... to be told of it; 0: all
};

}  // namespace highwater::console
