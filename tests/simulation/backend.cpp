#include "tests/simulation/backend.hpp"

#include "proxy/wire/errors.hpp"

namespace highwater::simulation {

namespace {

using wire::transaction_status;

std::string done(std::string_view tag, transaction_status status) {
  std::string out;
  wire::write_command_complete(out, tag);
  wire::write_ready_for_query(out, status);
  return out;
}

std::string error(const wire::error& what, transaction_status status) {
  std::string out;
  wire::write_error(out, wire::severity::error, what);
  wire::write_ready_for_query(out, status);
  return out;
}

const wire::error conflict{"40001", "canceling statement due to conflict with recovery", "", "", "ProcessInterrupts"};
const wire::error read_only{"25006", "cannot execute UPDATE in a read-only transaction", "", "",
                            "PreventCommandIfReadOnly"};
const wire::error aborted{"25P02", "current transaction is aborted", "", "", "exec_simple_query"};

struct texts {
  std::string rows = done("SELECT 1", transaction_status::idle);
  std::string rows_in_block = done("SELECT 1", transaction_status::in_transaction);
  std::string wrote = done("UPDATE 1", transaction_status::idle);
  std::string wrote_in_block = done("UPDATE 1", transaction_status::in_transaction);
  std::string begun = done("BEGIN", transaction_status::in_transaction);
  std::string committed = done("COMMIT", transaction_status::idle);
  std::string rolled_back = done("ROLLBACK", transaction_status::idle);
  std::string conflict = error(simulation::conflict, transaction_status::idle);
  std::string conflict_in_block = error(simulation::conflict, transaction_status::failed);
  std::string read_only = error(simulation::read_only, transaction_status::idle);
  std::string read_only_in_block = error(simulation::read_only, transaction_status::failed);
  std::string aborted = error(simulation::aborted, transaction_status::failed);
};

const texts& say() {
  static const texts all;
  return all;
}

}  // namespace

reply backend::run(std::size_t session, const request& what) {
  reply to{what, {}};
  const bool ends = what.said.what == deed::commit || what.said.what == deed::roll_back;
  if (status_ == status::failed && !ends) {
    fail(to, say().aborted, say().aborted);
    return to;
  }
  switch (what.said.what) {
    case deed::begin:
    case deed::begin_read_only:
      begin(to, what.said.what == deed::begin_read_only);
      break;
    case deed::commit:
      status_ == status::failed ? roll_back(to) : commit(session, to);
      break;
    case deed::roll_back:
      roll_back(to);
      break;
    case deed::read:
      read(to);
      break;
    case deed::write:
      write(session, to);
      break;
    case deed::fail:
      fail(to, say().aborted, say().aborted);
      break;
  }
  return to;
}

void backend::begin(reply& to, bool only_reads) {
  status_ = status::in_transaction;
  read_only_ = only_reads;
  to.bytes = say().begun;
}

void backend::commit(std::size_t session, reply& to) {
  to.bytes = say().committed;
  if (writes_ != 0) commit_now(session, to);
  status_ = status::idle;
  read_only_ = false;
}

void backend::roll_back(reply& to) {
  hang_up();
  to.bytes = say().rolled_back;
  status_ = status::idle;
  read_only_ = false;
}

void backend::hang_up() {
  if (writes_ != 0 && lives()) servers_.roll_back(writes_);
  writes_ = 0;
}

void backend::read(reply& to) {
  const bool in_block = status_ == status::in_transaction;
  if (!servers_.at(node_).primary && luck_.one_in(200)) return fail(to, say().conflict_in_block, say().conflict);
  const auto saw = servers_.read(node_);
  to.seen = saw.seen;
  to.on_primary = servers_.leads(node_);
  to.early = !to.on_primary && servers_.history().surviving(saw.seen) > servers_.history().complete();
  to.complete = saw.complete;
  to.bytes = in_block ? say().rows_in_block : say().rows;
}

void backend::write(std::size_t session, reply& to) {
  if (!servers_.at(node_).primary || read_only_) return fail(to, say().read_only_in_block, say().read_only);
  if (servers_.leads(node_)) judge_.acted_on_primary(session, to.to.owed, servers_.read(node_).complete);
  if (writes_ == 0) writes_ = servers_.begin(node_);
  if (writes_ == 0) judge_.wrote_elsewhere(session);
  judge_.ran_write(session, to.to.owed);
  const bool in_block = status_ == status::in_transaction;
  to.bytes = in_block ? say().wrote_in_block : say().wrote;
  if (!in_block && writes_ != 0) commit_now(session, to);
}

void backend::commit_now(std::size_t session, reply& to) {
  const auto made = servers_.commit(writes_);
  writes_ = 0;
  if (!made) return;
  judge_.committed(session, made->at);
  to.commit = made->at;
  to.takes = made->takes;
}

void backend::fail(reply& to, std::string_view in_block, std::string_view alone) {
  to.failed = true;
  to.bytes = status_ == status::idle ? alone : in_block;
  if (status_ != status::idle) status_ = status::failed;
}

}  // namespace highwater::simulation
