#!/usr/bin/env bash
# Reconciliation beside other engines, in one run: a table of medians with ratios to the best other engine.
#
# usage: scripts/reconcile.sh COMMAND...
#
# COMMAND runs an engine on the same work and prints a line `R|ENGINE|CASE|THREADS|MEDIAN ns|MINIMUM|SAMPLES` for each
# case, and `V|ENGINE|CASE|THREADS|NAME|VALUE` for the values to compare with the first lines that are printed here.
# On Linux everything stays on one core.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
found=$(mktemp)
trap 'rm -f "$found"' EXIT

cargo bench --bench reconcile --no-run >&2
run=(env RAYON_NUM_THREADS=1)
if command -v taskset >/dev/null; then
    run+=(taskset -c 0)
fi
"${run[@]}" "$@" | tee "$found" >&2
"${run[@]}" cargo bench --bench reconcile >&2
scripts/table.sh --group reconcile "$found"
