#pragma once

// GET over HTTP/1.1 from 127.0.0.1, and one number out of a Prometheus page.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tests/support/deadline.hpp"

namespace highwater::testing_support {

struct http_answer {
  int status = 0;
  std::string body;
};
http_answer http_get(std::uint16_t port, const std::string& path, milliseconds limit = patience);

using labels = std::map<std::string, std::string>;

// The sum of the samples of that name which carry all of these labels, among others; none if there is no such sample.
std::optional<double> sample_of(const std::string& prometheus_page, const std::string& name, const labels& wanted = {});

}  // namespace highwater::testing_support
