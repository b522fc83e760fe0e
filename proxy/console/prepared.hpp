#pragma once

// The prepared statements and portals of one connection to the console.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/console/command.hpp"
#include "proxy/console/table.hpp"
#include "proxy/console/table_writer.hpp"
#include "proxy/wire/bind_message.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::console {

struct portal {
  std::optional<command> what;  // none: an empty query
  result_formats formats;
  bool ran = false;
  table shown;           // what it has shown, once it ran
  std::size_t told = 0;  // rows of it
};

class prepared {
public:
  // An operator needs few; a driver keeps some hundreds of statements. Names are as long as PostgreSQL's at most.
  static constexpr std::size_t most_statements = 500, most_portals = 100, longest_name = 63;
  using complaint = std::optional<wire::error>;

  complaint parse(const wire::parse_message& message);
  complaint bind(const wire::bind_message& message);

  // None: there is no such.
  const std::optional<command>* find_statement(std::string_view name) const noexcept;
  portal* find_portal(std::string_view name) noexcept;

  void close(const wire::target_message& which);
  bool deallocate(std::string_view name);  // whether there was one; without a name: all of them
  void end_portals() noexcept { portals_.clear(); }
  void end_unnamed();

private:
  complaint refuses(const wire::parse_message& message) const;
  complaint refuses(const wire::bind_message& message) const;

  std::map<std::string, std::optional<command>, std::less<>> statements_;
  std::map<std::string, portal, std::less<>> portals_;
};

}  // namespace highwater::console
