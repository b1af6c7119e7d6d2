#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_explain.sh QUIPU-CONFORMANCE: --explain describes each case of the suite,
# with its guarantee from docs/guarantees.md.
. "$(dirname "$0")/lib.sh"

expect 0 "$suite" --list
grep -v '^ ' out >ids
[ "$(wc -l <ids)" -ge 120 ] || fail "only $(wc -l <ids) cases"
same "ids that are not unique" "" "$(sort ids | uniq -d)"
for id in $(cat ids); do
    expect 0 "$suite" --explain "$id"
    says "^$id\$"
    says '^    needs .*; profiles .*full'
    says "^${id%%.*} [A-Z]"
    says "--only '$id' --seed N"
    says ' docs/writing-a-driver\.md, "[0-9]\. [A-Z]'
    says 'conformance/cases/[a-z_/]+\.c'
done

# Each guarantee has at least one case.
for guarantee in U1 U2 U3 U4 S1 S2 S3 S4 S5 L1 L2 L3 L4 L5 V1 V2 V3 V4 V5 \
    F1 F2 F3 F4 F5; do
    expect 0 "$suite" --explain "$guarantee"
    says "^$guarantee [A-Z]"
    says "^    $guarantee\.[a-z0-9-]*\$"
done

# An unknown id is answered with similar ones.
expect 2 "$suite" --explain U1.taken-position-conflict
complains '^    U1\.taken-position-conflicts$'
expect 2 "$suite" --explain race-of-proc
complains '^    U1\.race-of-processes$'
expect 2 "$suite" --explain nonsense
complains 'there is no case or guarantee nonsense'

# The sections and files that it refers to exist.
root=$(cd "$(dirname "$0")/../../.." && pwd)
"$suite" --list | sed -n 's/^\([A-Za-z].*\)/\1/p' | while read -r id; do
    "$suite" --explain "$id"
done >all
sed -n 's/.*writing-a-driver\.md, "\(.*\)"/## \1/p' all | sort -u |
    while read -r title; do
        grep -qxF "$title" "$root/docs/writing-a-driver.md" ||
            echo "no section $title"
    done >missing
sed -n 's|^ *\(conformance/cases/[a-z_/]*\.c\) .*|\1|p' all | sort -u |
    while read -r file; do
        [ -f "$root/$file" ] || echo "no file $file"
    done >>missing
same "sections and files that do not exist" "" "$(cat missing)"

# The help and the manual page know the same options.
"$suite" --help | grep -oE -- '--[a-z-]+' | sort -u >help
grep -oE -- 'Fl -[a-z-]+' "$root/docs/quipu-conformance.1" |
    sed 's/Fl /-/' | sort -u >manual
diff help manual || fail "the manual page (>) has other options than --help (<)"

# Patterns.
expect 0 "$suite" --list --only 'U1.*,S3.*' --skip '*race*'
same "other ids" "" "$(grep -v '^ ' out | grep -vE '^(U1|S3)\.')"
same "skipped ids" "" "$(grep -v '^ ' out | grep race || true)"
expect 0 "$suite" --list --only 'U1.*,S3.*' --skip '*race*'
cp out together
expect 0 "$suite" --list --only 'U1.*' --skip 'nothing' --only 'S3.*' \
    --skip '*race*'
same "what several --only and --skip select" "$(cat together)" "$(cat out)"

# Each race runs twice: with the commit queue, and without.
for id in $(grep -E '\.(race|history)-' ids | grep -v -- '-without-queue$'); do
    grep -qxF -- "$id-without-queue" ids || fail "there is no $id-without-queue"
done
grep -qx 'V1\.history-of-threads-without-queue' ids ||
    fail "races do not run twice"
finish
