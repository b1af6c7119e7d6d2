#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writers in PID namespaces of their own, as in containers, which are killed at
# random times: each has the same process number. No acknowledged item is lost,
# and no death leaves the writers' lock held, or open.
. "$(dirname "$0")/lib.sh"
inside="unshare --pid --fork --kill-child --mount-proc"
$inside true 2>err || {
    echo "needs the right to unshare" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}
a=$(store a)
"$plant" plain "$a" 1 1

# write NUMBER: appends 5 items 40 times, each in a namespace of its own, and is
# killed in every other round; writes the number of acknowledged items.
write()
{
    acknowledged=0
    round=0
    while [ $round -lt 40 ]; do
        round=$((round + 1))
        if [ $((round % 2)) = 0 ]; then
            limit=0.0$(((round * $1) % 9 + 1))
        else
            limit=300
        fi
        if timeout -s KILL $limit $inside "$plant" more "$a" 5 "$1" \
            2>>"err.$1"; then
            acknowledged=$((acknowledged + 5))
        elif [ $limit = 300 ]; then
            echo "an append that was not killed failed" >>"failed.$1"
        fi
    done
    echo $acknowledged >"acknowledged.$1"
}

for writer in 1 2 3 4; do
    write $writer &
done
wait
total=1 # the first item
for writer in 1 2 3 4; do
    [ ! -e failed.$writer ] || { fail "writer $writer"; cat err.$writer; }
    total=$((total + $(cat acknowledged.$writer)))
done
head=$("$quipu" info --json "$a" | sed 's/.*"head":\([0-9]*\).*/\1/')
[ "$head" -ge "$total" ] || fail "$head items are stored, $total acknowledged"
[ "$head" -le $((1 + 4 * 40 * 5)) ] || fail "$head items are too many"
expect 0 "$quipu" verify "$a"
echo "$total items acknowledged, $head stored"
finish
