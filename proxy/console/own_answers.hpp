#pragma once

// Commands that need nothing of the process: what drivers say of themselves, help, and the version.

#include <optional>
#include <span>
#include <string>

#include "proxy/console/identity.hpp"
#include "proxy/console/session_settings.hpp"
#include "proxy/console/table.hpp"

namespace highwater::console {

// What a command shows; empty: it shows nothing.
std::span<const column> columns_of(const command& what) noexcept;

// None: the process has to be asked, or to do something.
std::optional<outcome> answer_of(const command& what, const identity& who);

std::string value_of(const session_setting& setting, const identity& who);

}  // namespace highwater::console
