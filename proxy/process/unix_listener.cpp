#include "proxy/process/unix_listener.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>

namespace highwater::proxy {

namespace {

using local = boost::asio::local::stream_protocol;

// A process that was killed leaves its file behind, at which nobody answers.
void make_way(boost::asio::io_context& io, const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return;
  if (!S_ISSOCK(found.st_mode)) throw std::runtime_error("there is something else of that name");
  boost::system::error_code failed;
  local::socket probe(io, local());
  probe.non_blocking(true);  // one that is stopped would keep us waiting
  probe.connect(local::endpoint(path), failed);
  if (!failed || failed == boost::asio::error::would_block) throw std::runtime_error("another process listens there");
  if (failed != boost::asio::error::connection_refused) throw boost::system::system_error(failed);
  if (::unlink(path.c_str()) != 0) throw std::system_error(errno, std::generic_category(), "unlink");
}

// Nobody gets in before it is listened on, and by then it is open to those only to whom it is meant to be.
local::acceptor listen_on(boost::asio::io_context& io, const std::string& path, mode_t mode) {
  try {
    make_way(io, path);
    local::acceptor made(io);
    made.open();
    made.bind(local::endpoint(path));
    if (::chmod(path.c_str(), mode) != 0) throw std::system_error(errno, std::generic_category(), "chmod");
    made.listen();
    return made;
  } catch (const std::exception& why) {
    throw std::runtime_error("cannot listen on " + path + " for clients: " + why.what());
  }
}

}  // namespace

unix_listener::unix_listener(boost::asio::io_context& io, const std::string& folder, std::uint16_t port, open_to whom)
    : path_(folder + "/.s.PGSQL." + std::to_string(port)),
      acceptor_(listen_on(io, path_, whom == open_to::everybody ? 0777 : 0600)) {}

void unix_listener::close() noexcept {
  if (!acceptor_.is_open()) return;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  ::unlink(path_.c_str());
}

}  // namespace highwater::proxy
