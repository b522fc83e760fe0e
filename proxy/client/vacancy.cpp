#include "proxy/client/vacancy.hpp"

#include <utility>

#include "proxy/client/context.hpp"

namespace highwater::proxy {

vacancy::vacancy(process_context& in, std::vector<std::string> databases) : in_(in), databases_(std::move(databases)) {
  for (const auto& each : databases_) {
    in_.logins.hold(each);
    in_.catalogs.hold(each);
  }
}

vacancy::~vacancy() {
  for (const auto& each : databases_) {
    in_.logins.let_go(each);
    in_.catalogs.let_go(each);
  }
}

void vacancy::close_idle(std::function<void()> closed) {
  // The last one who lets go of it calls.
  const std::shared_ptr<void> latch(nullptr, [closed = std::move(closed)](void*) { closed(); });
  in_.on_each_worker([databases = databases_, latch](worker_context& there) {
    for (const auto& each : databases) there.vacate(each, latch);
  });
}

}  // namespace highwater::proxy
