#!/usr/bin/env bash
# Feeds the targets of libFuzzer, one after the other: first their seeds, then what it makes of them.
#   run.sh                                    all targets, ten minutes each
#   run.sh --seconds 3600 classifier login    these two, an hour each
#   run.sh --short                            all, six seconds each and the same start, as ctest does it
#   run.sh --built FOLDER                     does not build first
# What it has made that led somewhere new is kept in build/libfuzzer/corpus, but not with --short, and is gone on from the
# next time. Findings are written to build/libfuzzer/artifacts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)

seconds=600 short= build=
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=$2; shift ;;
    --short) seconds=6 short=yes ;;
    --built) build=$2; shift ;;
    -*) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done

if [ -z "$build" ]; then
  build=$top/build/libfuzzer
  (cd "$top" && cmake --preset libfuzzer >/dev/null && cmake --build --preset libfuzzer)
fi
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(ls "$here/corpus")

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

run() {
  local target=$1
  local program=$build/tests/fuzz/decoders/decoder_$target seeds=$here/corpus/$target
  local found=$build/artifacts/$target kept=$build/corpus/$target
  local options=(-timeout=20 -rss_limit_mb=2048 "-artifact_prefix=$found/")
  local dictionary=$here/dictionaries/$target.dict
  if [ ! -x "$program" ]; then
    echo "there is no target $target: $(ls "$here/corpus" | tr '\n' ' ')" >&2
    return 2
  fi
  [ ! -f "$dictionary" ] || options+=("-dict=$dictionary")
  if [ -n "$short" ]; then
    kept=$scratch/$target
    options+=(-seed=1)
  fi
  mkdir -p "$found" "$kept"
  echo "$target: seeds, then $seconds seconds"
  if "$program" "${options[@]}" -runs=0 "$seeds" >"$scratch/log" 2>&1 &&
    "$program" "${options[@]}" -print_final_stats=1 "-max_total_time=$seconds" "$kept" "$seeds" >"$scratch/log" 2>&1; then
    grep -E 'DONE|number_of_executed_units|average_exec' "$scratch/log" | sed 's/^/  /'
    return 0
  fi
  grep -vE '^#[0-9]+[[:space:]](NEW|REDUCE|pulse|INITED)' "$scratch/log" | tail -60
  echo "$target has found something. To see it again:"
  sed -n "s|.*Test unit written to \(.*\)|  $program \1|p" "$scratch/log"
  return 1
}

failed=0
for target in "${targets[@]}"; do run "$target" || failed=1; done
exit $failed
