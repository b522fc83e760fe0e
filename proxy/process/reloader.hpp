#pragma once

// Reads the configuration anew, and applies what of it can be applied while running; or leaves everything as it is, and
// says all that is wrong.

#include <functional>
#include <string>
#include <vector>

#include "config/reload.hpp"

namespace highwater::proxy {

class reloader {
public:
  // What of another configuration than the one in force can be applied; and what is called to do so. That throws
  // std::exception, and has done nothing then, if what the configuration names (a certificate, say) is not as it should
  // be.
  using apply_function = std::function<void(const config::reload& plan)>;
  using plan_function = std::function<config::reload(const config::config& wanted)>;
  reloader(std::string file, plan_function plan, apply_function apply)
      : file_(std::move(file)), plan_(std::move(plan)), apply_(std::move(apply)) {}

  // For an operator, and in the log: what is wrong, or what needs a restart to be applied.
  struct outcome {
    bool applied = false;
    std::vector<std::string> mistakes;
    std::vector<std::string> kept;
  };
  outcome reload();

private:
  std::string file_;
  plan_function plan_;
  apply_function apply_;
};

}  // namespace highwater::proxy
