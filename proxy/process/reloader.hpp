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
  // What is in force; and what is called to put another in its place. That throws std::exception, and has done nothing
  // then, if what the configuration names (a certificate, say) is not as it should be.
  using apply_function = std::function<void(const config::reload& plan)>;
  reloader(std::string file, std::function<config::config()> running, apply_function apply)
      : file_(std::move(file)), running_(std::move(running)), apply_(std::move(apply)) {}

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
  std::function<config::config()> running_;
  apply_function apply_;
};

}  // namespace highwater::proxy
