#!/usr/bin/env bash
# mnist_resumes.sh PROGRAM DATA: examples/mnist that is killed and goes on with --resume makes the files of one that is not.
set -euo pipefail
program=$1 work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XGRAD_DATA=$2
"$program" --epochs 4 --out "$work/whole" >/dev/null
"$program" --epochs 4 --out "$work/killed" >/dev/null &
run=$!
until compgen -G "$work/killed/checkpoints/step-*" >/dev/null || ! kill -0 $run 2>/dev/null; do sleep 0.01; done
kill -9 $run 2>/dev/null || true
wait $run 2>/dev/null || true
"$program" --epochs 4 --out "$work/killed" --resume >"$work/output"
grep '^going on after step' "$work/output"
cmp "$work/whole/weights.safetensors" "$work/killed/weights.safetensors"
cmp "$work/whole/loss.csv" "$work/killed/loss.csv"
echo "the same weights and losses"
