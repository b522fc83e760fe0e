#pragma once

// Servers that break the protocol.

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/free_port.hpp"

namespace highwater::testing_support {

// Listens on a port of its own and serves all its connections on one thread.
class faulty_server {
public:
  virtual ~faulty_server() = default;
  faulty_server(const faulty_server&) = delete;
  faulty_server& operator=(const faulty_server&) = delete;

  std::uint16_t port() const { return port_.number(); }
  int connections() const { return connections_; }  // that have been accepted

protected:
  faulty_server();
  void start();  // by the constructor of what derives from it
  void stop();   // by its destructor

  virtual void accepted(int peer) = 0;           // to be kept, or closed
  virtual std::vector<int> watched() const = 0;  // what readable() is to be called for
  virtual void readable(int which) = 0;

private:
  void serve();

  reserved_port port_;
  int listener_ = -1;
  std::atomic<bool> ends_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

// Answers each connection's first bytes with the same nonsense, and hangs up, or says no more.
class babbler final : public faulty_server {
public:
  explicit babbler(std::string nonsense, bool hangs_up = true);
  ~babbler() override;

private:
  void accepted(int peer) override;
  std::vector<int> watched() const override { return {}; }
  void readable(int) override {}

  std::string nonsense_;
  bool hangs_up_;
  std::vector<int> peers_;
};

// Takes connections, and never says a word.
class mute_server final : public faulty_server {
public:
  mute_server() { start(); }
  ~mute_server() override;

private:
  void accepted(int peer) override { peers_.push_back(peer); }
  std::vector<int> watched() const override { return {}; }
  void readable(int) override {}

  std::vector<int> peers_;
};

// Stands before a real server, and passes everything on, and the end of either side. What derives from it starts it.
class relay : public faulty_server {
public:
  explicit relay(std::uint16_t server_port);
  ~relay() override;

protected:
  struct pair {
    int client = -1;
    int server = -1;
    bool quiet = false;  // the client is not to notice that the server is lost
    bool lost = false;   // ... and it is; what comes from the client goes nowhere
    bool begun = false;  // the client has sent something
  };

  virtual bool pass_on(pair& through, bool from_client, std::string_view bytes);  // false: both are closed

private:
  void accepted(int peer) override;
  std::vector<int> watched() const override;
  void readable(int which) override;

  std::uint16_t server_port_;
  std::vector<pair> pairs_;
};

// For what contains the cue, the answer is nonsense.
class moody_relay final : public relay {
public:
  moody_relay(std::uint16_t server_port, std::string cue, std::string nonsense);
  ~moody_relay() override { stop(); }

private:
  bool pass_on(pair& through, bool from_client, std::string_view bytes) override;

  std::string cue_;
  std::string nonsense_;
};

// When the server dies, those connections whose beginning contains the cue stay, and nothing comes on them, as if its
// host had gone.
class silent_relay final : public relay {
public:
  silent_relay(std::uint16_t server_port, std::string cue);
  ~silent_relay() override { stop(); }

private:
  bool pass_on(pair& through, bool from_client, std::string_view bytes) override;

  std::string cue_;
};

// One address for two servers: connections whose beginning contains the cue go to the first, all others to the second.
class balancer final : public relay {
public:
  balancer(std::uint16_t first, std::uint16_t second, std::string cue);
  ~balancer() override { stop(); }

private:
  bool pass_on(pair& through, bool from_client, std::string_view bytes) override;

  std::uint16_t second_;
  std::string cue_;
};

// Keeps back the first thing from a client that contains the cue, until it is let go. Answers pass.
class holding_relay final : public relay {
public:
  holding_relay(std::uint16_t server_port, std::string cue);
  ~holding_relay() override { stop(); }

  bool holds() const { return held_by_ >= 0; }
  void let_go();

private:
  bool pass_on(pair& through, bool from_client, std::string_view bytes) override;

  std::string cue_;
  std::string held_;
  std::atomic<int> held_by_{-1};
};

}  // namespace highwater::testing_support
