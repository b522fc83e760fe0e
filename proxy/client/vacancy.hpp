#pragma once

// Databases that a statement wants for itself (DROP DATABASE, a template, a rename): the process's idle connections to
// them are closed, and nobody's becomes idle there for as long as this lives. PostgreSQL itself waits some seconds for
// those that are still in use.

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace highwater::proxy {

struct process_context;

class vacancy {
public:
  vacancy(process_context& in, std::vector<std::string> databases);
  ~vacancy();
  vacancy(const vacancy&) = delete;
  vacancy& operator=(const vacancy&) = delete;

  const std::vector<std::string>& databases() const noexcept { return databases_; }
  // `closed` is called once, on any thread, when the servers have closed too what was idle, or after some seconds.
  void close_idle(std::function<void()> closed);

private:
  process_context& in_;
  std::vector<std::string> databases_;
};

}  // namespace highwater::proxy
