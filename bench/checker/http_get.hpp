#pragma once

#include <optional>
#include <string>

namespace highwater::bench {

// The body of http://host[:port]/path, or nothing if it could not be had within five seconds. Plain HTTP/1.0.
std::optional<std::string> http_get(const std::string& url);

}  // namespace highwater::bench
