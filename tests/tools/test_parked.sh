#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# parked: lists, shows and drops the parked events of projections.
. "$(dirname "$0")/lib.sh"

a=$(store a)
model=$(store model)

"$plant" plain "$a" 2 3
expect 0 "$quipu" parked "$a"
same <<'END'
consumer  id  sequence  topic  tries  parked  reason
0 parked events
END
# The items with the number 1 are refused, and those with 2 follow them.
"$plant" project "$a" 1
expect 0 "$quipu" parked "$a"
quiet
sed 's/  *[0-9]* s  /  AGE  /' out >aged
mv aged out
same <<END
consumer  id  sequence                              topic           tries  \
parked  reason
things@1   3  $zero  Thing.Happened      1  AGE  \
NOT_FOUND: no such \\x07account
things@1   4  $one  Thing.Happened      1  AGE  \
NOT_FOUND: no such \\x07account
things@1   5  $zero  Thing.Happened      0  AGE  \
an earlier event of the sequence is parked
things@1   6  $one  Thing.Happened      0  AGE  \
an earlier event of the sequence is parked
4 parked events; the program of the consumer handles them again with
quipu_projection_retry
END
expect 0 "$quipu" parked --json "$a"
[ "$(wc -l <out)" = 4 ] || fail "not a line for each event"
says '"consumer":"things@1","notification_id":3,"sequence_id":"'$zero'",'
says '"topic":"Thing.Happened","attempts":1,"parked":"20'
says '"follows":false,"code":"NOT_FOUND","message":"no such \u0007account"}'
says '"follows":true,"code":null,"message":""}'

# One event with its item; the state is decoded.
expect 0 "$quipu" parked --consumer things@1 --show 4 "$a"
says "NOT_FOUND: no such"
says '{"n": 1}'
[ "$(grep -c "$one" out)" = 2 ] || { fail "other events are shown"; cat out; }
expect 0 "$quipu" parked --json --consumer things@1 --show 4 "$a"
[ "$(wc -l <out)" = 2 ] || fail "not the event and its item"
says '"state":{"n":1}'
expect 1 "$quipu" parked --consumer things@1 --show 1 "$a"
complains "consumer 'things@1' has not parked notification 1"
[ ! -s out ] || fail "a heading is printed without an event"
expect 1 "$quipu" parked --consumer nobody "$a"
complains "the store has no consumer 'nobody'; it has: things@1"

# The log may be in another store.
"$plant" project "$a" 2 "$model"
expect 0 "$quipu" parked "$model"
says "2 parked events"
expect 1 "$quipu" parked --consumer things@1 --show 5 "$model"
complains "name that store with --logs"
expect 0 "$quipu" parked --consumer things@1 --show 5 --logs "$a" "$model"
says '{"n": 2}'

# Drop: asks, or takes --yes; one event, or all.
expect 2 "$quipu" parked --consumer things@1 --drop 3 "$a"
complains "confirm the change with --yes"
expect 2 "$quipu" parked --drop 3 "$a"
complains "--show and --drop need --consumer"
expect 2 "$quipu" parked --consumer things@1 --show 3 --drop 3 "$a"
for id in 0 -1 x 3x ""; do
    expect 2 "$quipu" parked --consumer things@1 --drop "$id" --yes "$a"
    complains "--drop takes a notification id or 'all'"
done
expect 1 "$quipu" parked --consumer things@1 --drop 1 --yes "$a"
complains "has not parked notification 1"
expect 0 "$quipu" parked "$a"
says "4 parked events"
expect 0 "$quipu" parked --consumer things@1 --drop 3 --yes "$a"
same <<'END'
1 parked event dropped
END
expect 0 "$quipu" parked "$a"
says "3 parked events"
! grep -q '  3  ' out || fail "the event is still parked"
expect 0 "$quipu" parked --consumer things@1 --drop all --yes --json "$a"
same <<'END'
{"consumer":"things@1","dropped":3}
END
expect 1 "$quipu" parked --consumer things@1 --drop all --yes "$a"
complains "has parked no event"
# The other store is as it was.
expect 0 "$quipu" parked "$model"
says "2 parked events"
finish
