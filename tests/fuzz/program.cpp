#include "tests/fuzz/program.hpp"

#include "tests/support/raw_messages.hpp"

namespace highwater::fuzz {
namespace {

namespace raw = testing_support::raw;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string list(const values& of) {
  std::string text;
  for (const auto& one : of) text += (text.empty() ? "" : ", ") + (one ? quoted(*one) : "NULL");
  return text.empty() ? "" : " (" + text + ")";
}

}  // namespace

char type_of(ask what) {
  constexpr std::string_view types = "QPBDDECCSHdcfQ";
  return types[static_cast<std::size_t>(what)];
}

std::string encode(const request& what) {
  switch (what.what) {
    case ask::query:
      return raw::query(what.text);
    case ask::parse:
      return raw::parse(what.name, what.text);
    case ask::bind:
      return raw::bind(what.name, what.text, what.parameters);
    case ask::describe_statement:
      return raw::describe_statement(what.name);
    case ask::describe_portal:
      return raw::describe_portal(what.name);
    case ask::execute:
      return raw::execute(what.name, what.max_rows);
    case ask::close_statement:
      return raw::close_statement(what.name);
    case ask::close_portal:
      return raw::close_portal(what.name);
    case ask::sync:
      return raw::sync();
    case ask::flush:
      return raw::flush();
    case ask::copy_data:
      return raw::copy_data(what.text);
    case ask::copy_done:
      return raw::copy_done();
    case ask::copy_fail:
      return raw::copy_fail(what.text);
    case ask::barrier:
      return raw::query("");
  }
  return {};
}

std::string to_string(const request& what) {
  switch (what.what) {
    case ask::query:
      return "Query " + quoted(what.text);
    case ask::parse:
      return "Parse " + quoted(what.name) + " " + quoted(what.text);
    case ask::bind:
      return "Bind portal " + quoted(what.name) + " of " + quoted(what.text) + list(what.parameters);
    case ask::describe_statement:
      return "Describe statement " + quoted(what.name);
    case ask::describe_portal:
      return "Describe portal " + quoted(what.name);
    case ask::execute:
      return "Execute " + quoted(what.name) + (what.max_rows != 0 ? " rows " + std::to_string(what.max_rows) : "");
    case ask::close_statement:
      return "Close statement " + quoted(what.name);
    case ask::close_portal:
      return "Close portal " + quoted(what.name);
    case ask::sync:
      return "Sync";
    case ask::flush:
      return "Flush";
    case ask::copy_data:
      return "CopyData " + quoted(what.text);
    case ask::copy_done:
      return "CopyDone";
    case ask::copy_fail:
      return "CopyFail " + quoted(what.text);
    case ask::barrier:
      return "Query \"\"";
  }
  return {};
}

bool ends_connection(const step& what) {
  return what.then == then::close || what.then == then::reset;
}

std::string to_string(const step& what) {
  constexpr std::string_view endings[] = {"",           "   (go on)", "   (await the error)", "   (meet the others)",
                                          "   (close)", "   (RST)"};
  std::string text;
  for (const auto& one : what.requests) text += (text.empty() ? "" : "; ") + to_string(one);
  if (what.keep_back != 0) text += ", but for its last " + std::to_string(what.keep_back) + " bytes";
  return text.append(endings[static_cast<std::size_t>(what.then)]);
}

std::string to_string(const program& what) {
  std::string text = "  login";
  for (const auto& [name, value] : what.startup) text += " " + name + "=" + quoted(value);
  text += "\n";
  for (std::size_t i = 0; i < what.steps.size(); ++i) {
    text += "  " + std::to_string(i) + "  " + to_string(what.steps[i]) + "\n";
  }
  return text;
}

request query(std::string sql) {
  return {.what = ask::query, .name = "", .text = std::move(sql)};
}
request parse(std::string name, std::string sql) {
  return {.what = ask::parse, .name = std::move(name), .text = std::move(sql)};
}
request bind(std::string portal, std::string statement, values parameters) {
  return {ask::bind, std::move(portal), std::move(statement), std::move(parameters), 0};
}
request execute(std::string portal, std::uint32_t max_rows) {
  return {ask::execute, std::move(portal), "", {}, max_rows};
}
request plain(ask what, std::string name_or_text) {
  const bool data = what == ask::copy_data || what == ask::copy_fail;
  if (data) return {.what = what, .name = "", .text = std::move(name_or_text)};
  return {.what = what, .name = std::move(name_or_text), .text = ""};
}

}  // namespace highwater::fuzz
