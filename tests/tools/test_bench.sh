#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench: prints figures as a table and as JSON, and leaves the store unchanged.
. "$(dirname "$0")/lib.sh"

a=$(store a)
"$plant" plain "$a" 2 3
"$quipu" export "$a" >before

expect 0 "$quipu" bench --seconds 0.02 "$a"
quiet
says "work    threads  operation  per second"
for row in "append        1          1" "append        1        100" \
    "append       16          1" "replay        1        100" \
    "scan          1       1000"; do
    says "$row"
done
expect 0 "$quipu" bench --seconds 0.02 --json "$a"
[ "$(wc -l <out)" = 9 ] || fail "there are $(wc -l <out) figures, not 9"
says '{"work":"append","threads":1,"items":1,"operations":'
says '"gain":1.0,'
# Every figure has an operation, and its percentiles are above 0 and rise.
sed 's/[{}"a-z_0-9]*://g; s/}//' out | awk -F , '
    $4 < 1 || $5 <= 0 || $6 <= 0 || $9 <= 0 || $9 > $10 || $10 > $11 {
        print "wrong: " $0; bad = 1 }
    END { exit bad }' || fail "figures"

# An interrupted bench removes its schema and changes nothing else.
env --default-signal=INT "$quipu" bench --seconds 60 "$a" >bench 2>err &
bench=$!
is_measuring()
{
    "$quipu" info --json "$a" | grep -q quipubench_
}
await $bench is_measuring
kill -s INT $bench
status=0
wait $bench || status=$?
[ "$status" = 0 ] || fail "status $status after an interruption"
"$quipu" export "$a" >after
cmp before after || fail "the store has changed"

# The next bench removes the schema of one that was killed.
"$quipu" bench --seconds 60 "$a" >bench 2>err &
bench=$!
await $bench is_measuring
kill -s KILL $bench
wait $bench || :
is_measuring || fail "the killed bench has left no schema"
expect 0 "$quipu" bench --seconds 0.02 "$a"
complains "of a bench that was killed"
"$quipu" export "$a" >after
cmp before after || fail "the schema of the killed bench remains"

expect 2 "$quipu" bench "$(store a readonly=yes)"
complains "readonly=yes"
for seconds in 0 -1 x "" 1x nan inf 86401; do
    expect 2 "$quipu" bench --seconds "$seconds" "$a"
    complains "--seconds takes a number above 0"
done
finish
