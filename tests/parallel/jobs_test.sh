#!/usr/bin/env bash
# jobs_test.sh MPIEXEC PROGRAM: jobs in which something goes wrong end, soon, and not as if all had gone well.
set -euo pipefail
ranks=("$(dirname "${BASH_SOURCE[0]}")/ranks.sh" "$1")
program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fails RANKS SECONDS ARGUMENTS...: the job ends with an error, within so many seconds.
fails() {
  local count=$1 seconds=$2 status=0
  shift 2
  timeout "$seconds" "${ranks[@]}" "$count" "$program" "$@" >"$work/output" 2>&1 || status=$?
  if [ $status = 0 ] || [ $status = 124 ]; then
    echo "FAILED: $* on $count ranks ends with status $status:"
    cat "$work/output"
    exit 1
  fi
}
# says PATTERN TIMES: what the last job printed says this at least so often. (What ranks write may be mixed.)
says() {
  if [ "$(grep -aoE "$1" "$work/output" | wc -l)" -lt "$2" ]; then
    echo "FAILED: the job does not say '$1' $2 times:"
    cat "$work/output"
    exit 1
  fi
}

# ends RANKS ARGUMENTS...: the job ends well.
ends() {
  local count=$1
  shift
  timeout 200 "${ranks[@]}" "$count" "$program" "$@" >"$work/output" 2>&1 || {
    echo "FAILED: $* on $count ranks:"
    cat "$work/output"
    exit 1
  }
}

# A run that is killed goes on, on another number of ranks, to the bits of one that was not.
run="a run that is saved and perhaps killed"
XGRAD_JOB=$work/whole ends 1 "$run"
says "RESULT [0-9a-f]* after nothing" 1
whole=$(grep -oaE "RESULT [0-9a-f]*" "$work/output")
XGRAD_JOB=$work/killed XGRAD_JOB_KILL=5 fails 2 100 "$run"
XGRAD_JOB=$work/killed XGRAD_JOB_KILL=9 fails 4 100 "$run"
XGRAD_JOB=$work/killed ends 2 "$run"
says "$whole after step-00000000000[68].safetensors" 1

ends 3 "a rank has more to do at the end than others wait for elsewhere"

for count in 2 3; do
  # The checks hold on all ranks, and the job ends with an error none the less: a Communicator is of no use any more.
  fails $count 100 "[breaks]"
  says "rank . of $count: all passed" "$count"
  says "the program ends on rank . after an error: all_reduce \(sum\) of f64 \[2\] at differences_test.cpp" 1

  fails $count 100 "a rank ends while others wait for it"
  says "the end of the program" 1
  says "rank 0: all_reduce \(sum\) of f32 \[\] at job_cases_test.cpp" 1

  fails $count 100 "a rank is killed while others wait for it"
  fails $count 100 "a rank throws what nobody catches while others wait for it"
done
echo "All jobs ended as they should."
