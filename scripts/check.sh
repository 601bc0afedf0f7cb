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
# Kernels for other machines compile at least, where their standard library is there.
if rustup target list --installed 2>/dev/null | grep -q aarch64-unknown-linux-gnu; then
    step cargo check --quiet --package tensor --target aarch64-unknown-linux-gnu
else
    echo "aarch64 is not checked: rustup target add aarch64-unknown-linux-gnu"
fi
step cargo test
step cargo test --quiet --package tensor --lib --features rayon threads
RUSTDOCFLAGS="-D warnings" step cargo docs
step cargo bench --no-run
