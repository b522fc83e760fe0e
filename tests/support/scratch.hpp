#pragma once

// Where a test process keeps its clusters, logs and configurations, and how nothing of it outlives the process.

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace highwater::testing_support {

// The folder of this process, made at the first call in $TMPDIR (by default in memory or /tmp) and readable by the
// servers' user. A reaper outside of this process's tree ends the registered processes and removes the folder when this
// process ends, whichever way it ends.
const std::filesystem::path& scratch();

// A new folder in scratch(), owned by the servers' user.
std::filesystem::path make_folder(const std::string& name);

// Processes that the reaper must end if this process does not.
void register_process(pid_t pid);
void forget_process(pid_t pid);

}  // namespace highwater::testing_support
