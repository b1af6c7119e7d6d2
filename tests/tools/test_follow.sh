#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# log --follow: shows what other processes append, and ends well.
. "$(dirname "$0")/lib.sh"

a=$(store a)
b=$(store b)

"$plant" plain "$a" 1 2

# has_lines FILE NUMBER: as many, or more.
has_lines()
{
    [ "$(wc -l <"$1")" -ge "$2" ]
}

# ended PID STATUS SIGNAL
ended()
{
    status=0
    wait "$1" || status=$?
    [ "$status" = "$2" ] || fail "status $status, not $2, after $3"
}

# Each line comes as soon as it is stored; SIGTERM and SIGINT end it with 0.
for signal in TERM INT; do
    : >follow
    # A shell lets its children in the background ignore SIGINT.
    env --default-signal=INT "$quipu" log --follow --json --after 1 \
        "$a" >follow 2>err &
    follower=$!
    await $follower has_lines follow 1
    before=$(wc -l <follow)
    "$plant" more "$a" 3
    await $follower has_lines follow $((before + 3))
    "$plant" more "$a" 1
    await $follower has_lines follow $((before + 4))
    kill -s $signal $follower
    ended $follower 0 $signal
    [ ! -s err ] || { fail "messages after $signal"; cat err; }
done
# All lines are whole, and in order, without a gap.
awk -F '"notification_id":' '{ split($2, n, ",");
    if (n[1] != NR + 1) { print "line " NR " has id " n[1]; bad = 1 } }
    END { exit bad }' follow || fail "lines are not in order"

# A limit ends it by itself, and so does a reader that goes away.
"$quipu" log --follow --limit 2 "$a" >out
[ "$(wc -l <out)" = 3 ] || fail "--limit is not heeded"
"$quipu" log --follow --limit 200 --json --after 9 "$a" >follow &
follower=$!
await $follower has_lines follow 1
"$plant" more "$a" 199
ended $follower 0 "the limit"
[ "$(wc -l <follow)" = 200 ] || fail "the limit was not met"
# It has nothing more to write, and so hears of no broken pipe.
"$plant" plain "$b" 1 2
{
    status=0
    timeout 500 "$quipu" log --follow --json "$b" || status=$?
    echo $status >status
} | head -n 1 >out
[ "$(wc -l <out)" = 1 ] || fail "no line came through the pipe"
[ "$(cat status)" = 0 ] || fail "it follows although nobody reads"
finish
