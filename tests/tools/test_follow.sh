#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# log --follow: prints the items that other processes append, and ends cleanly.
. "$(dirname "$0")/lib.sh"

a=$(store a)
b=$(store b)

"$plant" plain "$a" 1 2

# has_lines FILE NUMBER: succeeds if the file has at least NUMBER lines.
has_lines()
{
    [ "$(wc -l <"$1")" -ge "$2" ]
}

# ended PID STATUS CAUSE: fails unless the process exits with STATUS.
ended()
{
    status=0
    wait "$1" || status=$?
    [ "$status" = "$2" ] || fail "status $status, not $2, after $3"
}

# Each item is printed when it is stored; SIGTERM and SIGINT end the command
# with 0.
for signal in TERM INT; do
    : >follow
    # A shell makes its background children ignore SIGINT.
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
# The lines are complete and in order, without a gap.
awk -F '"notification_id":' '{ split($2, n, ",");
    if (n[1] != NR + 1) { print "line " NR " has id " n[1]; bad = 1 } }
    END { exit bad }' follow || fail "lines are not in order"

# The command ends at its limit, and when the reader closes the pipe.
"$quipu" log --follow --limit 2 "$a" >out
[ "$(wc -l <out)" = 3 ] || fail "--limit is ignored"
: >follow
"$quipu" log --follow --limit 200 --json --after 9 "$a" >follow &
follower=$!
await $follower has_lines follow 1
"$plant" more "$a" 199
ended $follower 0 "the limit"
[ "$(wc -l <follow)" = 200 ] || fail "the output ends before or after the limit"
# Without new items nothing is written, so no SIGPIPE arrives.
"$plant" plain "$b" 1 2
{
    status=0
    timeout 500 "$quipu" log --follow --json "$b" || status=$?
    echo $status >status
} | head -n 1 >out
[ "$(wc -l <out)" = 1 ] || fail "no line came through the pipe"
[ "$(cat status)" = 0 ] || fail "the command did not end with its reader"

# A log that ends before the position was set back; that is no silence.
expect 1 "$quipu" log --follow --after 1000000 "$a"
complains "was set back"
finish
