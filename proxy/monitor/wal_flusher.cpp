#include "proxy/monitor/wal_flusher.hpp"

namespace highwater::proxy {

namespace {

constexpr std::chrono::seconds pause_after_failure{1};

// Any role may call it, and no slot or publication takes notice of the prefix. Its commit is what is flushed.
const char* const flush_sql = "SELECT pg_catalog.pg_logical_emit_message(true, 'highwater', '')";

}  // namespace

bool wal_flusher::write(routing::node_index primary, routing::instant now) {
  if (node_ != primary) stop();
  // It may hang as long as the disk does; who waits goes elsewhere meanwhile.
  if ((state_ == state::writing || state_ == state::connecting) && now >= asked_ + cluster_.monitor.timeout) stop();
  if (state_ == state::writing || state_ == state::connecting) return true;
  if (now < retry_at_) return false;
  asked_ = now;
  if (state_ == state::idle) {
    go();
    return true;
  }
  node_ = primary;
  state_ = state::connecting;
  connection_ = std::make_unique<monitoring_connection>(io_, names_, cluster_, cluster_.nodes[primary],
                                                        static_cast<monitoring_connection::listener&>(*this));
  connection_->connect();
  return true;
}

void wal_flusher::go() {
  state_ = state::writing;
  connection_->run(flush_sql);
}

void wal_flusher::stop() noexcept {
  if (connection_) connection_->close();
  state_ = state::none;
}

void wal_flusher::on_failure(const std::string&) {
  state_ = state::none;
  retry_at_ = std::chrono::steady_clock::now() + pause_after_failure;
}

}  // namespace highwater::proxy
