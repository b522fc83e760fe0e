#pragma once

// Writes one client's program, scene by scene; what scenes have in common.

#include <array>
#include <string>
#include <vector>

#include "tests/fuzz/generator.hpp"
#include "tests/fuzz/transcript.hpp"

namespace highwater::fuzz {

class author {
public:
  author(const subject& about, std::size_t client, chance luck)
      : about_(about), client_(client), luck_(luck), schema_("c" + std::to_string(client)) {}

  bool may(feature which) const { return about_.on.has(which); }
  chance& luck() { return luck_; }
  program& written() { return program_; }

  // Steps.
  void say(std::vector<request> requests, then next = then::settle) {
    program_.steps.push_back({.requests = std::move(requests), .then = next});
  }
  void ask_simply(const std::string& sql) { say({query(sql)}); }

  // Names and texts.
  std::string schema() const { return schema_; }
  std::string table(const std::string& name) const { return schema_ + "." + name; }
  std::string tag() const { return fuzz::tag(about_.round, client_, program_.steps.size()); }
  std::string quoted_tag() const { return "'" + tag() + "'"; }
  std::string own_name(const std::string& name) const { return name + "_" + schema_; }
  std::string statement_name();
  int fresh_number() { return ++number_; }

  // SQL without parameters, one statement.
  std::string read_sql();
  std::string write_sql();
  std::string error_sql();
  std::string any_sql();
  std::string returning_sql();  // that Describe has something to say about

  // One command in the extended protocol, unnamed or of a name, without a Sync.
  void append_command(std::vector<request>& to);
  void append_run(std::vector<request>& to, const std::string& name, values parameters = {});

  // For the rest of the program.
  bool pinned = false;            // what it does keeps its server connection: it is to be given back
  unsigned transaction_left = 0;  // scenes until it is to end

private:
  subject about_;
  std::size_t client_;
  chance luck_;
  std::string schema_;
  program program_;
  int number_ = 100;
};

using scene = void (*)(author&);

struct scene_entry {
  std::vector<feature> needs;
  unsigned weight;
  scene write;
};

// By theme; the generator draws from all of them.
const std::vector<scene_entry>& protocol_scenes();
const std::vector<scene_entry>& copy_scenes();
const std::vector<scene_entry>& sql_scenes();

}  // namespace highwater::fuzz
