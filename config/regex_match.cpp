// All the ways through the program are followed at once, byte by byte, each instruction once for each byte: time is the
// text's length times the program's, and nothing recurses (Thompson 1968; the order of the threads is their
// preference).

#include <utility>

#include "config/regex.hpp"

namespace highwater::config {
namespace {

using kind = regex::instruction::kind;
constexpr std::size_t nowhere = std::string_view::npos;

struct thread {
  std::size_t at = 0;  // in the program
  std::size_t open = nowhere;
  std::size_t close = nowhere;
};

class machine {
public:
  machine(const regex::program& program, std::string_view text)
      : program_(program), text_(text), seen_(program.size(), nowhere) {}

  // The leftmost match, and of those the preferred; where only its being there matters, the first that is seen.
  std::optional<thread> run(bool any) {
    std::optional<thread> found;
    for (std::size_t position = 0; position <= text_.size(); ++position) {
      if (!found) follow({}, position, now_);
      step(position, found);
      if (found && (any || now_.empty())) break;
    }
    return found;
  }

private:
  // Threads behind one that has matched are not preferred to it.
  void step(std::size_t position, std::optional<thread>& found) {
    for (const thread& each : now_) {
      if (program_[each.at].what == kind::accept) {
        found = each;
        break;
      }
      if (position == text_.size()) continue;
      if (!program_[each.at].bytes.test(static_cast<unsigned char>(text_[position]))) continue;
      follow({each.at + 1, each.open, each.close}, position + 1, next_);
    }
    std::swap(now_, next_);
    next_.clear();
  }

  // To all instructions that wait for a byte, or accept. An instruction seen before at this position has been reached
  // on a way that is preferred.
  void follow(thread start, std::size_t position, std::vector<thread>& into) {
    pending_.push_back(start);
    while (!pending_.empty()) {
      const thread here = pending_.back();
      pending_.pop_back();
      if (std::exchange(seen_[here.at], position) != position) visit(here, position, into);
    }
  }

  void visit(thread here, std::size_t position, std::vector<thread>& into) {
    const auto& what = program_[here.at];
    switch (what.what) {
      case kind::bytes:
      case kind::accept:
        return into.push_back(here);
      case kind::split:
        pending_.push_back(moved(here, what.second));
        return pending_.push_back(moved(here, what.first));
      case kind::jump:
        return pending_.push_back(moved(here, what.first));
      case kind::open:
        return pending_.push_back({here.at + 1, position, nowhere});
      case kind::close:
        return pending_.push_back({here.at + 1, here.open, position});
      case kind::begin:
        if (position == 0) pending_.push_back(moved(here, 1));
        return;
      case kind::end:
        if (position == text_.size()) pending_.push_back(moved(here, 1));
        return;
    }
  }

  static thread moved(thread from, std::int16_t by) {
    from.at = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(from.at) + by);
    return from;
  }

  const regex::program& program_;
  const std::string_view text_;
  std::vector<std::size_t> seen_;  // for each instruction, at which position
  std::vector<thread> now_;
  std::vector<thread> next_;
  std::vector<thread> pending_;
};

}  // namespace

std::optional<regex::match> regex::find_in(std::string_view text) const {
  const auto found = machine(program_, text).run(false);
  if (!found) return std::nullopt;
  if (found->close == nowhere) return match{};
  return match{text.substr(found->open, found->close - found->open)};
}

bool regex::is_in(std::string_view text) const {
  return machine(program_, text).run(true).has_value();
}

}  // namespace highwater::config
