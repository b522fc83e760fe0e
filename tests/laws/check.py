#!/usr/bin/python3
"""The laws of the house that no compiler checks, in seconds: which room may include which, where there is no clock, no
socket and no randomness, and how sources are formatted. Prints each breach as file:line, and exits with 1 if there is
one. `check.py --self` shows that each law sees its breach."""

import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Room -> the rooms that it may include, besides itself. The folder of a room is its name; the longest name wins.
ROOMS = {
    "config": set(),
    "metrics": set(),
    "routing/sql": {"config/level.hpp"},
    "routing": {"config", "routing/sql"},
    "proxy/wire": set(),
    "proxy/auth": {"config"},
    "proxy/console": {"config", "proxy/wire"},
    "proxy/io": set(),
    "proxy/monitor": {"config", "metrics", "routing", "routing/sql", "proxy/io", "proxy/auth"},
    "proxy/server": {"config", "metrics", "routing", "routing/sql", "proxy/io", "proxy/wire", "proxy/auth",
                     "proxy/monitor"},
    "proxy/client": {"config", "metrics", "routing", "routing/sql", "proxy/io", "proxy/wire", "proxy/auth",
                     "proxy/monitor", "proxy/server", "proxy/console"},
    "proxy/process": {"config", "metrics", "routing", "routing/sql", "proxy/io", "proxy/wire", "proxy/monitor",
                      "proxy/server", "proxy/client", "proxy/console"},
    "proxy": {"config", "proxy/process", "proxy/io"},  # main.cpp
    "bench": {"config"},
    "tests/support": set(),
    "tests/allocations": set(),
    "tests/integration": {"tests/support", "tests/allocations", "proxy/monitor/secret_service.hpp"},
    "tests/fuzz": {"tests/support"},
    "tests/fuzz/decoders": {"config", "routing/sql", "proxy/wire", "proxy/auth", "proxy/server", "proxy/client"},
    "tests/simulation": {"config", "metrics", "routing", "routing/sql", "proxy/monitor", "proxy/server", "proxy/client",
                         "proxy/wire"},
}

# Headers of no room, which everybody may include.
COMMON = {"config/enum_names.hpp"}

# Where nothing but arguments decides.
SOCKETS = r'#include <(boost/asio|boost/beast|libpq-fe|sys/socket|netinet|poll|sys/epoll)|\basio::'
CLOCKS = r'::now\s*\(|\b(gettimeofday|clock_gettime)\s*\(|\bstd::time\s*\(|\btime\(nullptr\)'
CHANCE = r'\brandom_device\b|\brand\(\)|\bmt19937|\bminstd_rand|\bdefault_random_engine|\bgetrandom|\bRAND_bytes'
PURE = {
    "config": (SOCKETS, CLOCKS, CHANCE),
    "routing": (SOCKETS, CLOCKS, CHANCE),
    "routing/sql": (SOCKETS, CLOCKS, CHANCE),
    "proxy/wire": (SOCKETS, CLOCKS, CHANCE),
    "proxy/auth": (SOCKETS, CLOCKS, CHANCE),
    "proxy/console": (SOCKETS, CLOCKS, CHANCE),
}

# In these rooms it is the same, but for what does what the others have decided: sources by their name.
DOING = {
    "proxy/client": {"arrival", "context", "worker", "vacancy", "session", "session_login", "session_batch",
                     "session_server", "session_times", "examining", "passage", "lease", "reception", "losses", "relay"},
    "proxy/server": {"pool", "pool_hand_over", "shared_pool", "server_connection", "server_connector", "cancel_request", "farewell"},
    "proxy/monitor": {"monitor", "monitoring_connection", "wal_flusher", "catalog_connection", "catalog_service",
                      "login_watch", "secret_lookup", "secret_service"},
}

# Who acts on a client's conversation knows those before it, and none behind it (docs/architecture.md, "The client room").
ORDER = [f"proxy/client/{name}" for name in (
    "inbox", "activity", "conversation", "examining", "lease", "passage", "requests", "own_answers", "preparing", "passing",
    "reception", "losses", "second_try", "reading", "welcoming", "session")]


def laws_of(path):
    room = room_of(path)
    if room in PURE:
        return PURE[room]
    name = os.path.splitext(os.path.basename(path))[0]
    return (SOCKETS, CLOCKS, CHANCE) if room in DOING and name not in DOING[room] else ()


def room_of(path):
    inside = [room for room in ROOMS if path.startswith(room + "/")]
    return max(inside, key=len, default=None)


def owner(path):
    """The room that a test belongs to knows what that room knows."""
    unit = re.match(r"tests/unit/([a-z]+)/", path)
    if not unit:
        return room_of(path)
    name = unit[1]
    return next((room for room in ROOMS if room == name or room.endswith("/" + name)), None)


def may_include(path, header):
    room, other = owner(path), room_of(header)
    if room is None or other is None or room == other or header in COMMON:
        return True
    if path.startswith("tests/unit/") and header.startswith("tests/"):
        return True
    return other in ROOMS[room] or header in ROOMS[room]


def place_of(path):
    """In ORDER; none for everybody else. A passage is a part of what it acts on, which its header only names."""
    stem = os.path.splitext(path)[0]
    stem = "proxy/client/session" if stem.startswith("proxy/client/session_") and "pins" not in stem else stem
    return ORDER.index(stem) if stem in ORDER else None


def looks_ahead(path, header):
    here, there = place_of(path), place_of(header)
    part = path.startswith("proxy/client/activity.") and header == "proxy/client/passage.hpp"
    return here is not None and there is not None and there > here and not part


def breaches_in(path, text):
    room = room_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("//")[0]
        include = re.match(r'\s*#include "([^"]+)"', line)
        if include and room_of(include[1]) is None and not include[1].startswith("tests/"):
            yield f"{path}:{number}: headers are named from the top: {include[1]}"
        elif include and not may_include(path, include[1]):
            yield f"{path}:{number}: {owner(path)} may not know {room_of(include[1])}: {include[1]}"
        elif include and looks_ahead(path, include[1]):
            yield f"{path}:{number}: who acts on a conversation may not know who comes behind: {include[1]}"
        for law in laws_of(path):
            if re.search(law, code):
                yield f"{path}:{number}: no clock, socket or chance in {room}: {code.strip()}"


def sources():
    listed = None
    if shutil.which("git"):
        listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others",
                                 "--exclude-standard", "*.cpp", "*.hpp"],
                                cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if listed and listed.returncode == 0:
        found = listed.stdout.split()
    else:  # an archive of the sources
        found = [os.path.relpath(os.path.join(folder, name), TOP) for folder, _, names in os.walk(TOP)
                 for name in names if name.endswith((".cpp", ".hpp"))]
    return [one for one in found if not one.startswith("build/") and os.path.exists(os.path.join(TOP, one))]


def unformatted(paths):
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not tool:
        sys.exit("clang-format is missing: scripts/install_dependencies.sh test")
    done = subprocess.run([tool, "--dry-run", *paths], cwd=TOP, stderr=subprocess.PIPE, text=True)
    lines = [line for line in done.stderr.splitlines() if "[-Wclang-format-violations]" in line]
    if done.returncode != 0 and not lines:
        sys.exit(f"{tool} has failed: {done.stderr}")
    return [line.split(": warning:")[0] + ": not as clang-format writes it" for line in lines]


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def check():
    paths = sources()
    if not paths:
        sys.exit(f"no sources were found in {TOP}")
    gone = [f"{room}/{name}: listed as doing, and is not there" for room, names in DOING.items() for name in names
            if not any(os.path.exists(os.path.join(TOP, room, name + end)) for end in (".cpp", ".hpp"))]
    found = gone + [breach for path in paths for breach in breaches_in(path, read(path))] + unformatted(paths)
    print("\n".join(found) or f"{len(paths)} sources keep the laws")
    return 1 if found else 0


# Each breach is seen where it is one, and not where it is none.
EXAMPLES = (
    ("routing/sql/a.cpp", '#include "routing/decide.hpp"', True),
    ("routing/sql/a.cpp", '#include "config/level.hpp"', False),
    ("routing/sql/a.cpp", '#include "config/config.hpp"', True),
    ("routing/a.cpp", '#include "routing/sql/statement.hpp"', False),
    ("routing/a.cpp", '#include "proxy/wire/frame.hpp"', True),
    ("config/a.cpp", '#include "routing/plan.hpp"', True),
    ("metrics/a.cpp", '#include "config/config.hpp"', True),
    ("metrics/a.cpp", '#include "config/enum_names.hpp"', False),
    ("proxy/wire/a.hpp", '#include "proxy/io/stream.hpp"', True),
    ("proxy/server/a.hpp", '#include "proxy/client/session.hpp"', True),
    ("proxy/console/a.hpp", '#include "proxy/client/session.hpp"', True),
    ("proxy/console/a.cpp", "  const auto now = std::chrono::system_clock::now();", True),
    ("proxy/client/a.hpp", '#include "proxy/server/pool.hpp"', False),
    ("proxy/client/a.hpp", '#include "proxy/process/pages.hpp"', True),
    ("bench/checker/a.cpp", '#include "proxy/client/session.hpp"', True),
    ("tests/unit/wire/a_test.cpp", '#include "proxy/wire/frame.hpp"', False),
    ("tests/unit/wire/a_test.cpp", '#include "proxy/server/pool.hpp"', True),
    ("tests/integration/a_pgtest.cpp", '#include "proxy/client/session.hpp"', True),
    ("routing/a.cpp", "  const auto now = std::chrono::steady_clock::now();", True),
    ("routing/a.cpp", "  // not std::chrono::steady_clock::now()", False),
    ("routing/a.cpp", "  std::chrono::steady_clock::time_point when;", False),
    ("proxy/wire/a.cpp", "#include <boost/asio/io_context.hpp>", True),
    ("proxy/auth/a.cpp", "#include <libpq-fe.h>", True),
    ("routing/sql/a.cpp", "  std::random_device entropy;", True),
    ("proxy/client/attempt.cpp", "  const auto now = std::chrono::steady_clock::now();", True),
    ("proxy/client/session.cpp", "  const auto now = std::chrono::steady_clock::now();", False),
    ("proxy/server/server_session.hpp", "#include <boost/asio/ip/tcp.hpp>", True),
    ("proxy/monitor/tracker.cpp", "  const auto now = std::chrono::steady_clock::now();", True),
    ("proxy/client/attempt.hpp", '#include "../client/session.hpp"', True),
    ("proxy/client/attempt.cpp", "  boost::asio::post(io, what);", True),
    ("routing/a.cpp", "  const auto now = instant::clock::now();", True),
    ("proxy/client/requests.cpp", '#include "proxy/client/conversation.hpp"', False),
    ("proxy/client/requests.cpp", '#include "proxy/client/preparing.hpp"', True),
    ("proxy/client/lease.hpp", '#include "proxy/client/session.hpp"', True),
    ("proxy/client/session_server.cpp", '#include "proxy/client/losses.hpp"', False),
    ("proxy/client/activity.hpp", '#include "proxy/client/passage.hpp"', False),
    ("proxy/client/lease.cpp", '#include "proxy/client/passage.hpp"', True),
    ("proxy/io/a.cpp", "  const auto now = std::chrono::steady_clock::now();", False),
)


def check_itself():
    wrong = [f"{path}: {text}" for path, text, breach in EXAMPLES if bool(list(breaches_in(path, text))) != breach]
    print("\n".join(wrong) or f"{len(EXAMPLES)} examples are judged rightly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(check_itself() if sys.argv[1:] == ["--self"] else check())
