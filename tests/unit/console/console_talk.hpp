#pragma once

// A client of the console, and a process that obeys at once: what was asked of it, and what the client was told, as
// short texts.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/console/exchange.hpp"
#include "proxy/console/shows.hpp"
#include "proxy/wire/bytes.hpp"

namespace highwater::console {

inline std::string query(std::string_view text) {
  std::string out;
  wire::write_query(out, text);
  return out;
}
inline std::string parse_as(std::string_view name, std::string_view text, std::string_view types = {"\0\0", 2}) {
  std::string out;
  wire::write_parse(out, name, text, types);
  return out;
}
inline std::string bind_to(std::string_view portal, std::string_view statement,
                           std::vector<std::uint16_t> formats = {}) {
  std::string out;
  {
    wire::writer message(out, 'B');
    message.c_string(portal).c_string(statement).u16(0).u16(0).u16(static_cast<std::uint16_t>(formats.size()));
    for (const auto each : formats) message.u16(each);
  }
  return out;
}
inline std::string describe(char kind, std::string_view name) {
  std::string out;
  wire::write_target(out, 'D', kind, name);
  return out;
}
inline std::string close_of(char kind, std::string_view name) {
  std::string out;
  wire::write_target(out, 'C', kind, name);
  return out;
}
inline std::string execute(std::string_view portal, std::uint32_t rows = 0) {
  std::string out;
  wire::writer(out, 'E').c_string(portal).u32(rows);
  return out;
}
inline std::string message(char type, std::string_view body = {}) {
  std::string out;
  wire::writer(out, type).bytes(body);
  return out;
}
inline std::string sync() {
  return message('S');
}

// One message: its type, and of some what matters.
inline std::string told(char type, std::string_view body) {
  wire::reader in(body);
  std::string text(1, type);
  if (type == 'Z' || type == 'C') return text + "(" + std::string(body.substr(0, body.find('\0'))) + ")";
  if (type == 'E') {
    const auto fields = wire::read_error(body);
    return text + "(" + std::string(fields->severity == "ERROR" ? "" : fields->severity) +
           (fields->severity == "ERROR" ? "" : " ") + std::string(fields->code) + " " + std::string(fields->message) +
           ")";
  }
  if (type != 'D' && type != 'T') return text;
  text += "(";
  for (auto left = in.u16(); left > 0; --left) {
    if (type == 'T') {
      text += std::string(in.c_string());
      in.take(16);
      text += in.u16() == 1 ? ":b" : "";
    } else if (const auto size = in.u32(); size != 0xFFFFFFFF) {
      text += std::string(in.take(size));
    } else {
      text += "NULL";
    }
    text += left > 1 ? "|" : "";
  }
  return text + ")";
}

inline std::string told(std::string_view out) {
  std::string text;
  wire::frame found;
  while (wire::peek_frame(out, 1U << 30, found) == wire::frame_status::ok && found.complete()) {
    text += (text.empty() ? "" : " ") + told(found.type, found.body());
    out.remove_prefix(found.available.size());
  }
  return text + (out.empty() ? "" : " and a rest");
}

struct talk {
  explicit talk(access may = access::admin) : with({may, "ann", "0.1.0"}) {}

  exchange with;
  std::map<std::string, outcome> answers = {};  // by the command's tag; otherwise it is done, or shows `known`
  facts known = {};
  std::string out = {};
  std::vector<std::string> ran = {};  // tags and subjects
  bool closed = false;

  // `at_once` bytes of it come together.
  std::string says(std::string_view bytes, std::size_t at_once = std::string_view::npos) {
    const auto before = out.size();
    while (!bytes.empty() && !closed) {
      const auto part = bytes.substr(0, at_once);
      bytes.remove_prefix(part.size());
      pending_ += part;
      take_all();
    }
    return told(std::string_view(out).substr(before));
  }

private:
  void take_all() {
    for (;;) {
      std::size_t used = 0;
      const auto next = with.take(pending_, used, out);
      pending_.erase(0, used);
      closed = next == exchange::step::closed;
      if (next != exchange::step::run) return;
      const auto& asked = with.asked();
      ran.push_back(std::string(asked.tag) + (asked.subject.empty() ? "" : " " + asked.subject));
      with.finished(answer(asked), out);
    }
  }
  outcome answer(const command& asked) {
    if (const auto found = answers.find(std::string(asked.tag)); found != answers.end()) return found->second;
    return asked.what == verb::show ? outcome(show(asked.shows, known)) : outcome(done());
  }

  std::string pending_;
};

}  // namespace highwater::console
