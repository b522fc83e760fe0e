#include "tests/fuzz/minimise.hpp"

#include <algorithm>

namespace highwater::fuzz {
namespace {

class search {
public:
  search(round from, const std::function<bool(const round&)>& fails, const std::function<bool()>& enough)
      : best_(std::move(from)), fails_(fails), enough_(enough) {}

  round best() {
    without_all_but_one();
    bool smaller = true;
    while (smaller && !enough_()) {
      smaller = without_clients();
      for (std::size_t client = 0; client < best_.size(); ++client) {
        smaller |= without_steps(client);
        smaller |= without_messages(client);
      }
    }
    return best_;
  }

private:
  bool keep_if_it_fails(round shorter) {
    if (enough_() || !fails_(shorter)) return false;
    best_ = std::move(shorter);
    return true;
  }

  void without_all_but_one() {
    for (std::size_t client = 0; client < best_.size(); ++client) {
      auto shorter = round(best_.size());
      shorter[client] = best_[client];
      if (keep_if_it_fails(std::move(shorter))) return;
    }
  }

  bool without_clients() {
    bool smaller = false;
    for (std::size_t client = 0; client < best_.size(); ++client) {
      if (best_[client].steps.empty()) continue;
      auto shorter = best_;
      shorter[client] = {};
      smaller |= keep_if_it_fails(std::move(shorter));
    }
    return smaller;
  }

  // In halves first, then in ever smaller pieces, from the end.
  bool without_steps(std::size_t client) {
    bool smaller = false;
    for (auto size = std::max<std::size_t>(best_[client].steps.size() / 2, 1); size >= 1; size /= 2) {
      for (auto end = best_[client].steps.size(); end >= size && !enough_();) {
        auto shorter = best_;
        auto& steps = shorter[client].steps;
        const auto from = steps.begin() + static_cast<std::ptrdiff_t>(end - size);
        const auto to = from + static_cast<std::ptrdiff_t>(size);
        steps.erase(std::remove_if(from, to, [](const step& one) { return !one.indispensable; }), to);
        end -= size;
        if (steps.size() == best_[client].steps.size()) continue;
        smaller |= keep_if_it_fails(std::move(shorter));
      }
    }
    return smaller;
  }

  bool without_messages(std::size_t client) {
    bool smaller = false;
    for (std::size_t step = 0; step < best_[client].steps.size(); ++step) {
      if (best_[client].steps[step].indispensable) continue;
      for (auto i = best_[client].steps[step].requests.size(); i-- > 0;) {
        if (best_[client].steps[step].requests.size() < 2) break;
        auto shorter = best_;
        auto& requests = shorter[client].steps[step].requests;
        requests.erase(requests.begin() + static_cast<std::ptrdiff_t>(i));
        smaller |= keep_if_it_fails(std::move(shorter));
      }
    }
    return smaller;
  }

  round best_;
  const std::function<bool(const round&)>& fails_;
  const std::function<bool()>& enough_;
};

}  // namespace

round minimise(round from, const std::function<bool(const round&)>& fails, const std::function<bool()>& enough) {
  return search(std::move(from), fails, enough).best();
}

}  // namespace highwater::fuzz
