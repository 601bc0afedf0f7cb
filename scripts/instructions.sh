#!/usr/bin/env bash
# Instructions a step, counted by valgrind: they do not move with a machine's noise, so a regression shows.
# Runs of N and 2N steps are subtracted, so that starting up cancels. Valgrind knows AVX2, not AVX-512.
#
# usage: scripts/instructions.sh            writes benches/instructions.txt
#        scripts/instructions.sh --check    fails if a count is more than 2 % above or below it
set -euo pipefail
cd "$(dirname "$0")/.."
recorded=benches/instructions.txt
command -v valgrind >/dev/null || { echo "valgrind is not installed" >&2; exit 2; }

cargo build --quiet --release --example instructions
program=${CARGO_TARGET_DIR:-target}/release/examples/instructions

# Instructions of a run of a case with so many steps.
count() {
    local log
    log=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1) || { echo "$log" >&2; return 1; }
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$log"
}

counts() {
    echo "# Instructions a step on $(uname -m), $(rustc --version); by scripts/instructions.sh"
    local case steps=1000 short long
    for case in mlp_i_b1 mlp_i_b1@replay mul exp; do
        short=$(count $case $steps)
        long=$(count $case $((2 * steps)))
        echo "$case $(((long - short) / steps))"
    done
}

now=$(counts)
if [ "${1:-}" != --check ]; then
    echo "$now" | tee "$recorded"
    exit
fi
if echo "$now" | awk '
    /^#/ { next }
    NR == FNR { old[$1] = $2; next }
    {
        change = $1 in old ? 100 * ($2 / old[$1] - 1) : 100
        far = change > 2 || change < -2
        failed += far
        printf "%-18s %8d recorded, %8d now, %+.1f %%%s\n", $1, old[$1], $2, change, far ? "  <-- more than 2 %" : ""
    }
    END { exit (failed > 0) }' "$recorded" -; then
    echo "all within 2 %"
else
    echo "not within 2 %" >&2
    exit 1
fi
