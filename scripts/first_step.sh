#!/usr/bin/env bash
# Time from the start of a process to the end of its first training step, and the most memory that was resident:
# the example first_step, and the same step in PyTorch and JAX if a Python that has them is given. The median of
# seven runs, as a Markdown table.
# usage: scripts/first_step.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/.."

# Runs a command that prints the time of its end, its memory in KiB and its loss: a row of the table.
row() {
    local name=$1 start end memory loss
    shift
    for _ in 1 2 3 4 5 6 7; do
        start=${EPOCHREALTIME//[.,]/}
        read -r end memory loss < <("$@" 2>/dev/null)
        echo "$((end - start)) $memory $loss"
    done | sort -n | awk -v name="$name" '
        NR == 4 { printf "| %s | %.1f | %.1f | %s |\n", name, $1 / 1000, $2 / 1024, $3 }'
}

cargo build --quiet --release --example first_step
target=${CARGO_TARGET_DIR:-target}
echo "| first step of mlp_iii | ms from start | MB resident | loss |"
echo "|---|---:|---:|---:|"
row tensor "$target/release/examples/first_step"
if [ $# -gt 0 ]; then
    for engine in torch jax; do
        if "$1" -c "import $engine" 2>/dev/null; then
            row "$engine" "$1" scripts/peers/first_step.py "$engine"
        fi
    done
fi
