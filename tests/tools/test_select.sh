#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# log and tail: selection by sequence and time, the last items, short ids, times
# in the local zone, and the expanded form.
. "$(dirname "$0")/lib.sh"

a=$(store a)
"$plant" plain "$a" 3 4
"$plant" rich "$a"

# ids: prints the notification ids of the last output, JSON, on one line.
ids()
{
    sed -n 's/.*"notification_id":\([0-9]*\).*/\1/p' out | tr '\n' ' '
}

# selects IDS OPTION...: fails unless log prints the items with these ids.
selects()
{
    wanted=$1
    shift
    expect 0 "$quipu" log --json "$@" "$a"
    [ "$(ids)" = "$wanted" ] || fail "'$(ids)' instead of '$wanted': $*"
}

# The last items, in ascending order; with a filter, the last that pass it.
plain="--schema stored_events"
selects "10 11 12 " $plain --tail 3
selects "12 " $plain -n 1
selects "" $plain --tail 0
selects "1 2 3 4 5 6 7 8 9 10 11 12 " $plain --tail 99
selects "11 12 " $plain --tail 3 --after 10
selects "10 " $plain --tail 3 --limit 1
selects "8 11 " $plain --sequence $one --tail 2
selects "2 5 8 11 " $plain --sequence $one
selects "11 8 " $plain --sequence $one --reverse --limit 2
selects "2 5 " $plain --sequence $one --limit 2
selects "8 11 " $plain --sequence $one --after 5
selects "2 5 8 11 " --sequence $one
selects "" $plain --sequence 01020304-0506-0708-090a-0b0c0d0e0f10
selects "1 3 5 7 9 11 " --sequence even
selects "" --sequence evenly
expect 2 "$quipu" log --reverse --tail 3 "$a"
complains "--reverse and --tail exclude each other"

# The beginning of a UUID is enough, if it is that of one sequence only.
selects "2 5 8 11 " $plain --sequence fe38
selects "2 5 8 11 " $plain --sequence FE38B6F1-919d
expect 0 "$quipu" read --json "$a" fe38b6f1
[ "$(ids)" = "2 5 8 11 " ] || fail "a short id reads $(ids)"
expect 1 "$quipu" log $plain --sequence 0123 "$a"
complains "no sequence whose id begins with '0123'"
expect 2 "$quipu" log $plain --sequence fe3 "$a"
b=$(store b)
while read -r id; do
    printf '%s' "{\"type\":\"item\",\"schema\":\"s\",\"sequence_id\":\"$id\","
    echo '"topic":"x","state":"gA=="}'
done <<END >items
00000000-0000-0000-0000-000000000000
abcd0000-0000-0000-0000-000000000000
abcd0001-0000-0000-0000-000000000000
ffff0000-0000-0000-0000-000000000000
END
{
    echo '{"type":"quipu-export","version":1}'
    printf '%s' '{"type":"schema","table":"s","ids":"uuid",'
    printf '%s' '"positions":"contiguous","columns":{"notification_id":"n",'
    printf '%s' '"sequence_id":"i","position":"p","topic":"t","state":"s",'
    echo '"event_id":null},"further_columns":[],"after":0,"head":0}'
    cat items
    echo '{"type":"end"}'
} >export
"$quipu" import "$b" <export >out 2>err || { fail "import"; cat err; }
expect 1 "$quipu" log --sequence abcd "$b"
complains "several sequences begin with 'abcd'"
for id in 0000 abcd0000 abcd0001 ffff ffff0000-0000; do
    expect 0 "$quipu" log --json --sequence $id "$b"
    [ "$(wc -l <out)" = 1 ] || fail "$id selects $(wc -l <out) items"
done

# Times: `since` includes its time, `until` does not.
selects "4 10 " --since 2000-02-29 --until 2000-03-01
selects "" --since 2000-02-29T00:00:00.000001Z --until 2000-03-01
selects "" --since 2000-02-28 --until 2000-02-29
selects "4 10 " --since "2000-02-29 00:00" --until 2000-02-29T00:00:00.5
selects "4 10 " --since 2000-02-29T02:00+02:00 --until 2000-02-29T01:00+00:30
selects "" --since 2000-02-29T02:00-02:00 --until 2000-03-01
selects "3 " --schema rich --until 1970-01-01
TZ=XYZ-3 selects "" --local --since 2000-02-29T03:00:01 --until 2000-03-01
TZ=XYZ-3 selects "4 10 " --local --since 2000-02-29T03:00 --until 2000-03-01
selects "2 8 " --since now
for time in 1s 5m 5min 2h 3d 1w today yesterday; do
    selects "2 8 " --since $time
done
for time in "" x 5 5y 1hm -1h 2000 2000-13-01 2000-02-29T 2000-02-29T1 \
    2000-02-29T10:00:00. 2000-02-29T10:00+1 2000-02-29x 2000-02-29Zx; do
    expect 2 "$quipu" log --since "$time" "$a"
    complains "--since takes a time such as 2026-12-01T09:30"
done
expect 2 "$quipu" log --until x "$a"
complains "--until takes a time"
expect 2 "$quipu" log $plain --follow --until now "$a"
complains "exclude each other"

# Times in the local zone, except in JSON.
export TZ=XYZ-5:30
expect 0 "$quipu" log --schema rich --local --limit 4 "$a"
says " 2000-02-29T05:30:00.000000+05:30 "
expect 0 "$quipu" log --schema rich --limit 4 "$a"
says " 2000-02-29T00:00:00.000000Z "
expect 0 "$quipu" log --schema rich --local --limit 4 --json "$a"
says '"time":"2000-02-29T00:00:00.000000Z"'
unset TZ

# The expanded form.
expect 0 "$quipu" log $plain -x --sequence $one --tail 1 "$a"
same <<END
-[ 11 ]-----------------------------------------------------------------
topic       Thing.Happened
sequence    $one
position    3
event id    $("$quipu" log $plain --json --tail 2 "$a" |
    sed -n '1s/.*"event_id":"\([^"]*\)".*/\1/p')
state       {
              "n": 3
            }
END
expect 0 "$quipu" read --expanded "$a" odd
says "-[ rich 2 ]--"
says "time        9999-12-31T23:59:59.999999Z"
expect 0 "$quipu" log -x --json --tail 1 $plain "$a"
says '"notification_id":12,'

# tail begins with the last items, and prints new ones.
tails()
{
    : >follow
    "$quipu" tail --json $plain "$@" "$a" >follow 2>err &
    follower=$!
}
has_lines()
{
    [ "$(wc -l <follow)" -ge "$1" ]
}
ends_with()
{
    kill -s TERM $follower
    wait $follower || fail "tail ends with $?"
    [ ! -s err ] || { fail "messages of tail"; cat err; }
    mv follow out
    [ "$(ids)" = "$1" ] || fail "tail prints '$(ids)' instead of '$1'"
}
tails
await $follower has_lines 10
"$plant" more "$a" 1
await $follower has_lines 11
ends_with "3 4 5 6 7 8 9 10 11 12 13 "
tails -n 2 --sequence $one
await $follower has_lines 2
ends_with "8 11 "
expect 0 "$quipu" tail $plain --limit 10 --json "$a"
[ "$(ids)" = "4 5 6 7 8 9 10 11 12 13 " ] || fail "tail begins at $(ids)"
expect 0 "$quipu" log $plain -f -n 1 --limit 1 --json "$a"
[ "$(ids)" = "13 " ] || fail "--follow --tail prints $(ids)"
# From the end: items that are stored before the command reads the head are
# missing.
tails -n 0 --limit 1
appends()
{
    "$plant" more "$a" 1
    ! kill -0 $follower 2>/dev/null
}
until appends; do :; done
wait $follower || fail "tail -n 0 ends with $?"
[ "$(wc -l <follow)" = 1 ] || fail "tail -n 0 prints $(wc -l <follow) items"
! grep -q '"notification_id":13,' follow || fail "tail -n 0 prints old items"
finish
