// highwater FILE.yaml runs; highwater check FILE.yaml validates.

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "config/load.hpp"
#include "proxy/io/log_text.hpp"
#include "proxy/process/program.hpp"

namespace {

namespace config = highwater::config;

constexpr int bad_configuration = 2;  // and a wrong command line

void print_mistakes(const config::load_result& loaded, const std::string& file) {
  for (const auto& mistake : loaded.mistakes) std::fprintf(stderr, "%s\n", config::to_string(mistake, file).c_str());
  std::fprintf(stderr, "%s: %zu mistake%s\n", file.c_str(), loaded.mistakes.size(),
               loaded.mistakes.size() == 1 ? "" : "s");
}

int check(const std::string& file) {
  const auto loaded = config::load_file(file);
  if (!loaded) {
    print_mistakes(loaded, file);
    return bad_configuration;
  }
  std::fputs(config::to_yaml(loaded.config).c_str(), stdout);
  return 0;
}

int serve(const std::string& file) {
  const auto loaded = config::load_file(file);
  if (!loaded) {
    print_mistakes(loaded, file);
    return bad_configuration;
  }
  spdlog::set_default_logger(spdlog::stderr_color_mt("highwater"));
  spdlog::set_formatter(highwater::proxy::line_formatter("%Y-%m-%d %H:%M:%S.%e %^%l%$ %*"));
  spdlog::set_level(spdlog::level::from_str(loaded.config.log.level));
  return highwater::proxy::run(loaded.config, file);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Highwater: a PostgreSQL endpoint whose reads from replicas never go back in time", "highwater");
  std::string file;
  int result = 0;
  app.set_version_flag("--version", std::string("highwater ") + highwater::proxy::version);
  app.add_option("FILE", file, "the configuration to run with");
  app.require_subcommand(0, 1);
  std::string checked;
  auto* check_command = app.add_subcommand("check", "validate a configuration and print it as it takes effect");
  check_command->add_option("FILE", checked, "the configuration")->required();
  auto* reference = app.add_subcommand("reference", "print the reference of all options, as Markdown");
  auto* schema = app.add_subcommand("schema", "print the JSON schema of the configuration, for editors");
  app.footer(
      "Exits with 0 after SIGTERM or SIGINT, 1 if it cannot start, 2 if the command line or the configuration is "
      "wrong.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : bad_configuration;
  }

  if (check_command->parsed()) {
    result = check(checked);
  } else if (reference->parsed()) {
    std::fputs(config::reference_markdown().c_str(), stdout);
  } else if (schema->parsed()) {
    std::fputs(config::json_schema().c_str(), stdout);
  } else if (file.empty()) {
    std::fputs(app.help().c_str(), stderr);
    result = bad_configuration;
  } else {
    result = serve(file);
  }
  return result;
}
