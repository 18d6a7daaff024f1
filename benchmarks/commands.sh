# shellcheck shell=bash
# What measures: beside libtorch, beside the peers in Python, on many processes. Sourced by ./run, whose root, need, configure, compile, show and die it uses.

# ---- speed ----------------------------------------------------------------------------------------------------------

run_bench() {
  need libtorch-dev
  configure release -DXGRAD_BUILD_BENCHMARKS=ON
  compile release compare
  local program=$root/build/release/benchmarks/compare argument peers="" arguments=()
  for argument in "$@"; do
    if [ "$argument" = --peers ]; then peers=1; else arguments+=("$argument"); fi
  done
  if [ -n "$peers" ]; then run_peers "$program" "${arguments[@]}"; else show "$program" "${arguments[@]}"; fi
}

# run_peers PROGRAM [ARGUMENTS]: the peers that are written in Python are installed where they are missing.
run_peers() {
  need python3-numpy python3-venv python3-dev
  show env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$root/benchmarks/peers/peers.py" --compare "$1" \
    --folder "$root/build/peers" "${@:2}"
}

# ---- many processes -------------------------------------------------------------------------------------------------

# between FILE NAME: puts what comes in between <!-- begin NAME --> and <!-- end NAME -->.
between() {
  local text
  text=$(cat)
  TEXT=$text awk -v begin="<!-- begin $2 -->" -v end="<!-- end $2 -->" '
    $0 == begin { print; print ENVIRON["TEXT"]; inside = 1 }
    $0 == end { inside = 0 }
    !inside || $0 == end { if ($0 != begin) print }' "$1" >"$1.new"
  mv "$1.new" "$1"
}

# run_scale [SECONDS] [--pages]: so many for each measurement; with --pages the tables go into the pages.
run_scale() {
  local seconds=3 pages="" program=$root/build/release/benchmarks/scale/scale lines=$root/build/release/scale.txt count argument
  for argument in "$@"; do
    if [ "$argument" = --pages ]; then pages=1; else seconds=$argument; fi
  done
  configure release
  compile release scale
  : >"$lines"
  for count in 1 2 4; do
    XGRAD_NUM_THREADS=1 on_ranks "$count" "$program" --measure "$seconds" | tee -a "$lines"
  done
  XGRAD_NUM_THREADS=2 on_ranks 1 "$program" --measure "$seconds" | tee -a "$lines"
  "$program" --check "$lines"
  printf '\n'
  "$program" --overhead "$lines"
  "$program"
  [ -n "$pages" ] || return 0
  "$program" --check "$lines" | between "$root/docs/scale.md" measured
  "$program" | sed 1d | between "$root/docs/scale.md" simulated
  "$program" --overhead "$lines" | between "$root/docs/performance.md" processes
}
