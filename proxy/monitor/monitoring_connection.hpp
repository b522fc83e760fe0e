#pragma once

// The monitoring connection to one node: libpq, driven by an event loop. One question at a time; the answer, or the
// failure, is reported once.

#include <libpq-fe.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "proxy/io/name_resolver.hpp"
#include "proxy/monitor/libpq_tls.hpp"
#include "proxy/monitor/sample.hpp"
#include "proxy/monitor/shown_proof.hpp"

namespace highwater::proxy {

class monitoring_connection {
public:
  class listener {
  public:
    virtual void on_identity(const node_identity& identity) = 0;
    virtual void on_sample(const node_sample& sample) = 0;
    virtual void on_failure(const std::string& why) = 0;  // the connection is gone
    virtual void on_done() {}                             // what was run has been answered

  protected:
    ~listener() = default;
  };

  // One of the cluster's nodes.
  monitoring_connection(boost::asio::io_context& io, name_resolver& names, const config::cluster& cluster,
                        const config::node& node, listener& to);
  ~monitoring_connection();

  void connect();
  void ask(routing::instant sent, const proof_question& about);
  void run(const char* sql);  // instead of a question
  void close() noexcept;

private:
  using handler = void (monitoring_connection::*)();

  void start(std::vector<std::string> addresses);
  void use_socket();
  void poll_connection();
  void await(boost::asio::posix::stream_descriptor::wait_type what, handler then);
  void send(bool sent);
  void flush();
  void await_answer();
  void receive();
  void take(PGresult* result);
  void finish_question();
  void fail(const std::string& why);
  std::string last_error() const;

  struct connection_closer {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };

  boost::asio::io_context& io_;
  const config::node& node_;
  const config::monitor& settings_;
  libpq_tls tls_;
  listener& listener_;
  name_resolver& names_;
  std::unique_ptr<PGconn, connection_closer> connection_;
  std::optional<boost::asio::posix::stream_descriptor> socket_;
  // Handlers that were started for an earlier connection find another number and do nothing.
  std::shared_ptr<unsigned> life_ = std::make_shared<unsigned>(0);
  std::optional<node_identity> identity_;
  std::optional<node_sample> answer_;
  std::string error_;
  routing::instant sent_ = routing::never;
  std::size_t first_address_ = 0;  // of the name, modulo how many there are
  bool asking_ = false;
  bool running_ = false;
  bool reading_ = false;
};

}  // namespace highwater::proxy
