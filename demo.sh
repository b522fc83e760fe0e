#!/bin/bash
# Builds Highwater, starts a throwaway PostgreSQL cluster with a late replica, and shows in one table how many reads are
# too old: round-robin over the replicas, and through Highwater at four levels. Takes a minute when everything is built.
#
#   ./demo.sh             ends, and leaves nothing behind
#   ./demo.sh --keep      stays up until Ctrl-C: connect to it, look at its metrics
#   ./demo.sh --seconds 3 shorter runs (default 8 seconds each)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

scripts/install_dependencies.sh build bench
cmake --preset release
cmake --build --preset release --target highwater highwater-checker

# Whatever is started from here on is ended there, by process id, after Ctrl-C too.
exec bench/run demo --seconds 8 "$@"
