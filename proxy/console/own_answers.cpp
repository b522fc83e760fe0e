#include "proxy/console/own_answers.hpp"

#include "proxy/console/shows.hpp"

namespace highwater::console {

namespace {

constexpr column one_column{"?column?", column_type::int4}, version_column{"version", column_type::text};

constexpr std::span<const column> alone(const column& which) noexcept {
  return {&which, 1};
}

const column& selected(const command& what) noexcept {
  return what.subject == "version" ? version_column : one_column;
}

table one_value(const column& which, std::string value) {
  table made{alone(which), {}};
  made.rows.push_back({std::move(value)});
  return made;
}

table show_of_itself(view what, const identity& who) {
  facts known;
  known.process.version = who.version;
  return show(what, known);
}

}  // namespace

std::span<const column> columns_of(const command& what) noexcept {
  switch (what.what) {
    case verb::show:
      return columns_of(what.shows);
    case verb::show_setting:
      return alone(find_setting(what.subject)->shown);
    case verb::select:
      return alone(selected(what));
    default:
      return {};
  }
}

std::optional<outcome> answer_of(const command& what, const identity& who) {
  switch (what.what) {
    case verb::show:
      if (what.shows != view::help && what.shows != view::version) return std::nullopt;
      return show_of_itself(what.shows, who);
    case verb::show_setting: {
      const auto& setting = *find_setting(what.subject);
      return one_value(setting.shown, value_of(setting, who));
    }
    case verb::select:
      return one_value(selected(what), what.subject == "version" ? "Highwater " + who.version : what.subject);
    case verb::keep_setting:
    case verb::begin:
    case verb::end:
    case verb::discard:
    case verb::deallocate:
      return done();
    default:
      return std::nullopt;
  }
}

// psql's prompt tells by is_superuser who may change something.
std::string value_of(const session_setting& setting, const identity& who) {
  if (setting.shown.name == "server_version") return who.version + "/highwater";
  if (setting.shown.name == "session_authorization") return who.user;
  if (setting.shown.name == "is_superuser") return who.may == access::admin ? "on" : "off";
  return std::string(setting.value);
}

}  // namespace highwater::console
