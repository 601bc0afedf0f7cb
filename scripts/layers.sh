#!/usr/bin/env bash
# Layers and models in use beside those of candle and burn, in one run: tables of medians with ratios to the best
# other engine. The first run builds the engines, which takes many minutes.
#
# usage: scripts/layers.sh [THREADS]        1 unless given; on Linux one thread stays on one core
#
# `ENGINES_TARGET_DIR` (target/engines unless given) is where the engines are built.
set -euo pipefail
cd "$(dirname "$0")/.."
threads=${1:-1}
engines=${ENGINES_TARGET_DIR:-$PWD/target/engines}
found=$(mktemp)
trap 'rm -f "$found"' EXIT

for engine in candle burn; do
    cargo build --release --manifest-path benches/engines/Cargo.toml --target-dir "$engines" \
        --features "$engine" --bin "$engine" >&2
done
cargo bench --bench layers --no-run >&2

run=(env RAYON_NUM_THREADS="$threads")
if [ "$threads" = 1 ] && command -v taskset >/dev/null; then
    run+=(taskset -c 0)
fi
for engine in candle burn; do
    "${run[@]}" "$engines/release/$engine" | tee -a "$found" >&2
done
"${run[@]}" cargo bench --bench layers >&2
for group in layers infer; do
    echo
    scripts/table.sh --group "$group" "$found"
done
