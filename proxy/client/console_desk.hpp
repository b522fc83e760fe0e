#pragma once

// Who does what an operator asks for: the process, which knows all of its workers.

#include <functional>
#include <memory>
#include <string_view>

#include "proxy/console/command.hpp"
#include "proxy/console/table.hpp"

namespace highwater::proxy {

class console_desk {
public:
  using reply = std::function<void(console::outcome)>;

  // From any thread. `tell` is called once, from any thread and never from within the call, or let go of where the
  // process ends. When nobody holds what `asking` names any more, what takes long is given up.
  virtual void run(const console::command& what, std::weak_ptr<const void> asking, reply tell) = 0;
  virtual std::string_view version() const noexcept = 0;

protected:
  ~console_desk() = default;
};

}  // namespace highwater::proxy
