#pragma once

// Reads the configuration anew, or changes an option of it, and applies what of it can be applied while running; or
// leaves everything as it is, and says all that is wrong.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/reload.hpp"

namespace highwater::proxy {

class reloader {
public:
  // The configuration in force; what of another one can be applied; and what is called to do so. That throws
  // std::exception, and has done nothing then, if what the configuration names (a certificate, say) is not as it should
  // be.
  using apply_function = std::function<void(const config::reload& plan)>;
  using plan_function = std::function<config::reload(const config::config& wanted)>;
  using running_function = std::function<config::config()>;
  reloader(std::string file, running_function running, plan_function plan, apply_function apply)
      : file_(std::move(file)), running_(std::move(running)), plan_(std::move(plan)), apply_(std::move(apply)) {}

  // For an operator, and in the log: what is wrong, or what needs a restart to be applied.
  struct outcome {
    bool applied = false;
    std::vector<std::string> mistakes;
    std::vector<std::string> kept;
  };
  outcome reload();
  // One option, until the file is read again.
  outcome set(const std::string& key, const std::string& value);

private:
  outcome refuse(std::vector<std::string> mistakes) const;
  std::optional<std::string> try_to_apply(const config::reload& plan);

  std::string file_;
  running_function running_;
  plan_function plan_;
  apply_function apply_;
};

}  // namespace highwater::proxy
