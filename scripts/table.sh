#!/usr/bin/env bash
# The results of a group of benches as a Markdown table, one case a line: this project's, and beside it those in
# files of other engines, where a line `R|ENGINE|CASE|THREADS|MEDIAN|MINIMUM|SAMPLES` holds a median in ns.
#
# usage: scripts/table.sh [--group GROUP] [FILE...]        GROUP is `peers` unless given
#
# `case@replay` and `case/part` are columns of their own, but in the groups `layers`, `infer` and `reconcile` parts are
# cases. In these and in `peers` ratios are taken to the best other engine, and to `hand` (the step written by hand, which is
# no engine); in any other group to the part that the bench sets beside it. Medians in µs; `cargo bench` comes first.
set -euo pipefail
cd "$(dirname "$0")/.."
group=peers
if [ "${1:-}" = --group ]; then
    group=$2
    shift 2
fi
whole=
name=tensor
case $group in
layers | infer) whole=1 ;;
reconcile) whole=1 name=granular ;;
esac
results=${CARGO_TARGET_DIR:-target}/criterion/$group
[ -d "$results" ] || { echo "no results in $results: run cargo bench first" >&2; exit 1; }

# Lines `COLUMN CASE NS`: other engines', then ours, where the path below the group tells case and part.
medians() {
    [ $# -eq 0 ] || awk -F'|' '$1 == "R" { print $2, $3, $5 }' "$@"
    find "$results" -path '*/new/estimates.json' | sed 's|/new/estimates.json$||' | LC_ALL=C sort -V | while read -r folder; do
        local id=${folder#"$results"/}
        id=${id/@//}
        sed 's/.*"median":{[^}]*},"point_estimate":\([^,]*\),.*/\1/' "$folder/new/estimates.json" |
            awk -v id="$id" -v whole="$whole" -v name="$name" '{
                split(id, part, "/")
                if (whole) print name, id, $1
                else print (part[2] ? name "/" part[2] : name), part[1], $1
            }'
    done
}

medians "$@" | awk -v group="$group" -v whole="$whole" -v name="$name" '
    function us(ns) { return ns == "" ? "–" : sprintf(ns < 1e4 ? "%.2f" : ns < 1e6 ? "%.1f" : "%.0f", ns / 1e3) }
    function ratio(a, b) { return a == "" || b == "" ? "–" : sprintf("%.2f", a / b) }
    # The loop inside of jit trains without a look at the loss, and hand is no engine.
    function our(column) { return column == name || index(column, name "/") == 1 }
    function rival(column) { return !our(column) && column !~ /^(hand|jax-scan|ceil)/ }
    function compare(column, other) { from[++ratios] = column; to[ratios] = other }
    {
        key = tolower($2)
        if (!(key in cases)) { cases[key]; row[++rows] = key }
        if (!($1 in columns)) { columns[$1]; column[++count] = $1 }
        if (our($1)) ours[key]
        ns[key, $1] = $3
        if (rival($1) && (!((key, "best") in ns) || $3 + 0 < ns[key, "best"] + 0)) {
            ns[key, "best"] = $3
            columns["best"]
        }
    }
    END {
        for (c = 1; c <= count; c++) {
            if (our(column[c]) && (whole || group == "peers")) {
                if ("best" in columns) compare(column[c], "best")
                if ("hand" in columns) compare(column[c], "hand")
            }
        }
        split("crate read ndarray", part, " ")
        for (p = 1; p <= 3; p++) {
            if (("tensor/" part[p]) in columns) compare("tensor" (part[p] == "ndarray" ? "/forward" : ""), "tensor/" part[p])
        }
        line = "| " group ", median µs |"
        rule = "|---|"
        for (c = 1; c <= count; c++) { line = line " " column[c] " |"; rule = rule "---:|" }
        for (r = 1; r <= ratios; r++) { line = line " " from[r] " : " to[r] " |"; rule = rule "---:|" }
        gsub(/tensor\/replay/, "replay", line)
        gsub(/tensor\//, "", line)
        print line "\n" rule
        for (i = 1; i <= rows; i++) {
            key = row[i]
            if (!(key in ours)) continue
            line = "| " key " |"
            for (c = 1; c <= count; c++) line = line " " us(ns[key, column[c]]) " |"
            for (r = 1; r <= ratios; r++) line = line " " ratio(ns[key, from[r]], ns[key, to[r]]) " |"
            print line
        }
    }'
