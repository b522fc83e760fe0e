#!/usr/bin/env bash
# Everything that must hold before a change goes in, on a Debian 12 machine where nothing is installed yet: the release
# binary builds, and all tests pass under the address and undefined-behaviour sanitizers; those of libFuzzer are built by
# clang.
# Arguments go to ctest:  ./test.sh -L unit     ./test.sh -R integration.drivers
set -euo pipefail
cd "$(dirname "$0")"
export LC_ALL=C.UTF-8
# A user without a home folder has nowhere else to keep the compiler cache.
[ -w "${HOME:-/nonexistent}" ] || export CCACHE_DIR=${CCACHE_DIR:-$PWD/build/ccache}

scripts/install_dependencies.sh build test

# A compiler with Boost and a sanitizer takes up to about 1.5 GB, and more than one per processor gains nothing.
memory_gb=$(awk '/MemAvailable/ {print int($2 / 1024 / 1024)}' /proc/meminfo)
jobs=$(nproc)
[ $((memory_gb * 2 / 3)) -ge "$jobs" ] || jobs=$((memory_gb * 2 / 3 > 1 ? memory_gb * 2 / 3 : 1))

mkdir -p build
for preset in release asan libfuzzer; do
  echo "building: $preset"
  cmake --preset "$preset" >"build/$preset.configure.log" 2>&1 || { cat "build/$preset.configure.log"; exit 1; }
  cmake --build --preset "$preset" --parallel "$jobs"
done

for preset in asan libfuzzer; do ctest --preset "$preset" --parallel "$jobs" "$@"; done
