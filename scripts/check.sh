#!/usr/bin/env bash
# A contributor's whole loop, cheapest first; CI runs the same.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
    echo "== $*"
    "$@"
}

# At most this many packages for a user of `tensor`, itself included.
packages() {
    local most=$1 count
    shift
    count=$(cargo tree --package tensor --edges normal,build --prefix none "$@" | sed 's/ (\*)$//' | sort -u | wc -l)
    echo "tensor builds $count packages, $most at most"
    [ "$count" -le "$most" ]
}

step cargo fmt --all --check
step packages 32 --no-default-features
step packages 40 --features rayon
step cargo lint
for crate in tensor nn granular; do
    step cargo check --quiet --package "$crate" --no-default-features
    step cargo check --quiet --package "$crate" --all-features
done
step cargo test
RUSTDOCFLAGS="-D warnings" step cargo docs
step cargo bench --no-run
