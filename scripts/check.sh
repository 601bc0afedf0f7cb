#!/usr/bin/env bash
# A contributor's whole loop, cheapest first; CI runs the same.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
    echo "== $*"
    "$@"
}

step cargo fmt --all --check
step cargo lint
for crate in tensor nn granular; do
    step cargo check --quiet --package "$crate" --no-default-features
    step cargo check --quiet --package "$crate" --all-features
done
step cargo test
RUSTDOCFLAGS="-D warnings" step cargo docs
step cargo bench --no-run
