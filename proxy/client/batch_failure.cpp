#include "proxy/client/batch_failure.hpp"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <utility>

#include "proxy/client/failing_bind.hpp"

namespace highwater::proxy {

namespace {

using item = preparation::item;

class failure_finder {
public:
  failure_finder(const preparation& needs, const writing& about) : needs_(needs), about_(about), binds_(about) {
    about_.parsed_names.clear();
  }

  // None if it does not fail.
  std::optional<batch_failure> of_message(std::size_t at, const wire::frame& message);

private:
  const item* failing(const named_statement* known) const;
  const item* failing_inside(const sql::statement& what) const;
  const item* failing_inside(const named_statement& known) const;
  void note_parse(const wire::parse_message& parse);
  std::optional<batch_failure> of_bind(std::size_t at, std::string_view body);
  std::optional<batch_failure> of_describe(std::size_t at, const wire::target_message& target);
  std::optional<batch_failure> of_portal(std::size_t at, std::string_view portal) const;
  std::optional<batch_failure> bound(std::size_t at, std::string_view portal, const item* runs);
  bool portals_last() const;

  const preparation& needs_;
  const writing& about_;
  failing_bind binds_;
  const item* unnamed_runs_ = nullptr;  // what the unnamed statement that the batch parses runs, if that fails
  std::optional<std::string_view> unnamed_parameters_;
  // Those that run by EXECUTE what fails.
  boost::container::small_vector<std::pair<std::string_view, const item*>, 2> portals_;
};

std::optional<batch_failure> failure_finder::of_message(std::size_t at, const wire::frame& message) {
  switch (message.type) {
    case wire::frontend::query:
      if (const auto* why = about_.facts.names_others ? failing_inside(*about_.facts.first()) : nullptr)
        return batch_failure{at, why};
      break;
    case wire::frontend::parse:
      note_parse(*wire::read_parse(message.body()));
      break;
    case wire::frontend::bind:
      return of_bind(at, message.body());
    case wire::frontend::describe: {
      const auto target = *wire::read_target(message.body());
      return target.kind == 'S' ? of_describe(at, target) : of_portal(at, target.name);
    }
    case wire::frontend::execute:
      return of_portal(at, wire::read_execute(message.body())->portal);
    default:
      break;
  }
  return std::nullopt;
}

const item* failure_finder::failing(const named_statement* known) const {
  const auto* found = known != nullptr ? needs_.find(known->what) : nullptr;
  return found != nullptr && found->fails() ? found : nullptr;
}

const item* failure_finder::failing_inside(const sql::statement& what) const {
  return what.executes ? failing(about_.client.find_named(what.executes->name)) : nullptr;
}

const item* failure_finder::failing_inside(const named_statement& known) const {
  return known.what->names_others ? failing_inside(*about_.verdict_on(known.what->query)) : nullptr;
}

void failure_finder::note_parse(const wire::parse_message& parse) {
  about_.parsed_names.insert(parse.name);
  if (!parse.name.empty()) return;
  unnamed_parameters_ = parse.parameter_types;
  unnamed_runs_ = about_.facts.names_others ? failing_inside(*about_.verdict_on(parse.query)) : nullptr;
}

std::optional<batch_failure> failure_finder::of_bind(std::size_t at, std::string_view body) {
  const auto names = *wire::read_bind_names(body);
  if (about_.parsed_names.contains(names.statement))
    return bound(at, names.portal, names.statement.empty() ? unnamed_runs_ : nullptr);
  const auto* known = about_.client.find_named(names.statement);
  // Of that the server says itself what is wrong.
  if (known == nullptr || binds_.stands_in(names.statement, *known, body)) return std::nullopt;
  if (const auto* why = failing(known)) return batch_failure{at, why};
  return bound(at, names.portal, failing_inside(*known));
}

// A portal that somebody may still run when the batch is over must not be there.
std::optional<batch_failure> failure_finder::bound(std::size_t at, std::string_view portal, const item* runs) {
  const auto gone = std::ranges::remove(portals_, portal, &std::pair<std::string_view, const item*>::first);
  portals_.erase(gone.begin(), gone.end());
  if (runs == nullptr) return std::nullopt;
  if (portals_last()) return batch_failure{at, runs};
  portals_.emplace_back(portal, runs);
  return std::nullopt;
}

bool failure_finder::portals_last() const {
  const auto& server = about_.server();
  const auto no_query = [](const sql::statement& one) {
    return one.kind != sql::statement_kind::read && one.kind != sql::statement_kind::write;
  };
  return about_.facts.end != wire::batch_end::sync || !server.idle() || about_.client.transaction.deferred() ||
         about_.facts.any(no_query);
}

std::optional<batch_failure> failure_finder::of_describe(std::size_t at, const wire::target_message& target) {
  if (about_.parsed_names.contains(target.name)) {
    if (!target.name.empty() || unnamed_runs_ == nullptr) return std::nullopt;
    return batch_failure{at, unnamed_runs_, unnamed_parameters_};
  }
  const auto* known = about_.client.find_named(target.name);
  const auto* why = failing(known);
  if (why == nullptr && known != nullptr) why = failing_inside(*known);
  return why == nullptr ? std::nullopt : std::optional(batch_failure{at, why, parameter_types_of(*known)});
}

std::optional<batch_failure> failure_finder::of_portal(std::size_t at, std::string_view portal) const {
  const auto found = std::ranges::find(portals_, portal, &std::pair<std::string_view, const item*>::first);
  return found == portals_.end() ? std::nullopt : std::optional(batch_failure{at, found->second});
}

}  // namespace

std::optional<batch_failure> find_failure(const preparation& needs, const writing& about,
                                          const wire::batch_scanner& batch, std::string_view bytes) {
  if (!needs.fails()) return std::nullopt;
  failure_finder finder(needs, about);
  for (std::size_t at = 0; const auto& one : batch.messages()) {
    if (auto found = finder.of_message(at, {one.type, one.size, bytes.substr(one.offset, one.size)})) return found;
    ++at;
  }
  return std::nullopt;
}

std::string told_before(const batch_failure& failure) {
  std::string told;
  if (failure.parameters) wire::writer(told, wire::backend::parameter_description).bytes(*failure.parameters);
  return told;
}

}  // namespace highwater::proxy
