#pragma once

// One option of a configuration that is in force, as an operator sets it.

#include <optional>
#include <string_view>

#include "config/load.hpp"

namespace highwater::config {

// `key` as options_of() has it, `text` as the value stands in the file; a list may stand without its brackets. What is
// wrong with either, or with what the configuration has come to, is said of the key, without a place; `to` is as before
// then.
std::optional<mistake> assign(struct config& to, std::string_view key, std::string_view text);

}  // namespace highwater::config
