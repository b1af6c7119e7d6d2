#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# consumers: lists, watches, resets and removes them; log --consumer, --topic
# and --prefix.
. "$(dirname "$0")/lib.sh"

a=$(store a)
model=$(store model)

# Without consumers, and with a subscription that has lag.
"$plant" plain "$a" 2 3
expect 0 "$quipu" consumers "$a"
same <<'END'
consumer  log  record  head  behind  age  parked
0 consumers, 0 behind, oldest 0 s, 0 parked
END
"$plant" consume "$a" mailer 4 >consumed
[ "$(paste -sd' ' consumed)" = "1 2 3 4" ] || fail "consumed: $(cat consumed)"
"$plant" consume "$a" reader 6 >consumed
expect 0 "$quipu" consumers "$a"
quiet
same <<'END'
consumer  log            record  head  behind  age  parked
mailer    stored_events       4     6       2    ?       0
reader    stored_events       6     6       0  0 s       0
2 consumers, 2 behind, oldest 0 s, 0 parked
END
expect 0 "$quipu" consumers --json "$a"
same <<END
{"consumer":"mailer","log":"stored_events","record":4,"head":6,"behind":2,\
"age_seconds":null,"parked":0,"skipped":0,"projection":false,"shown":false,\
"set_back":false}
{"consumer":"reader","log":"stored_events","record":6,"head":6,"behind":0,\
"age_seconds":0.0,"parked":0,"skipped":0,"projection":false,"shown":false,\
"set_back":false}
END

# A projection in another store: its record is there, the log here.
"$plant" project "$a" 1 "$model"
expect 0 "$quipu" consumers "$model"
same <<'END'
consumer  log            record  head  behind  age  parked  notes
things@1  stored_events       6     ?       ?    ?       4  projection, no log
1 consumer, 0 behind, oldest 0 s, 4 parked
END
expect 0 "$quipu" consumers --logs "$a" "$model"
same <<'END'
consumer  log            record  head  behind  age  parked  notes
things@1  stored_events       6     6       0  0 s       4  projection
1 consumer, 0 behind, oldest 0 s, 4 parked
END
expect 1 "$quipu" consumers --logs "$(store missing)" "$model"
expect 0 "$quipu" consumers --schema other "$a"
says "0 consumers"

# Limits for monitoring.
expect 0 "$quipu" consumers --max-behind 2 "$a"
quiet
expect 1 "$quipu" consumers --max-behind 1 "$a"
complains "consumer 'mailer': it is 2 behind, more than 1"
! grep -q reader err || fail "a consumer at the head is beyond the limit"
expect 1 "$quipu" consumers --max-age 100 "$a"
complains "consumer 'mailer': the age of its oldest event is unknown"
expect 1 "$quipu" consumers --max-behind 100 "$model"
complains "consumer 'things@1': its lag is unknown (no log)"
expect 0 "$quipu" consumers --max-behind 0 --max-age 0 --logs "$a" "$model"

# Ages: of the time that an item has.
"$plant" rich "$(store rich)"
"$quipu" export "$(store rich)" | sed '$d' >rich.jsonl
cat >>rich.jsonl <<'END'
{"type":"tracking","consumer":"far","log":"rich","notification_id":99}
{"type":"tracking","consumer":"old","log":"rich","notification_id":3}
{"type":"end"}
END
"$quipu" import --tracking "$(store rich)" <rich.jsonl >out
expect 1 "$quipu" consumers --max-age 100 "$(store rich)"
grep -q '^old       rich       3    12       9  [0-9]* d       0' out ||
    { fail "the age is not in days"; cat out; }
complains "consumer 'old': its oldest event has waited for "
complains " d, more than 100 s"
# A record beyond the end of its log was set back, which no limit passes.
grep -q '^far  *rich  *99  *12  *?  *?  *0  set back$' out ||
    { fail "the record is not set back"; cat out; }
complains "consumer 'far': its lag is unknown (set back)"
expect 0 "$quipu" consumers --json "$(store rich)"
says '"record":99,"head":12,"behind":null,"age_seconds":null,'
says '"set_back":true}'
expect 0 "$quipu" consumers --yes --reset far --after 12 "$(store rich)"
expect 0 "$quipu" consumers --schema rich --max-behind 9 "$(store rich)"

# Wrong usage.
expect 2 "$quipu" consumers --reset mailer --remove mailer "$a"
complains "exclude each other"
expect 2 "$quipu" consumers --watch --max-age 1 "$a"
expect 2 "$quipu" consumers --after 1 "$a"
complains "--after belongs to --reset"
for seconds in 0 -1 x 86401; do
    expect 2 "$quipu" consumers --watch=$seconds "$a"
    complains "--watch takes a number above 0 and up to 86400"
done

# Without a terminal and --yes nothing is changed.
expect 2 "$quipu" consumers --reset mailer --after 1 "$a"
complains "confirm the change with --yes"
expect 2 "$quipu" consumers --remove mailer "$a"
complains "confirm the change with --yes"

# Reset: backwards, forwards, to nothing.
expect 0 "$quipu" consumers --yes --reset mailer --after 1 "$a"
quiet
same <<'END'
mailer          the record was moved from 4 to 1
END
"$plant" consume "$a" mailer 1 >consumed
[ "$(cat consumed)" = 2 ] || fail "it went on with $(cat consumed)"
expect 0 "$quipu" consumers --yes --json --reset mailer --after 5 "$a"
same <<'END'
{"consumer":"mailer","log":"stored_events","from":2,"to":5}
END
expect 0 "$quipu" consumers --yes --reset mailer "$a"
"$plant" consume "$a" mailer 1 >consumed
[ "$(cat consumed)" = 1 ] || fail "it went on with $(cat consumed)"
expect 1 "$quipu" consumers --yes --reset mailer --after 7 "$a"
complains 'no item'
expect 1 "$quipu" consumers --yes --reset nobody "$a"
complains "the store has no consumer 'nobody'; it has: mailer, reader"
expect 2 "$quipu" consumers --yes --reset things@1 --logs "$a" "$model"
complains quipu_projection_reset
expect 0 "$quipu" consumers --json --logs "$a" "$model"
says '"record":6'

# A subscription that runs notices its reset, and has not overwritten it.
"$plant" consume "$a" runner 0 >consumed 2>complaint &
runner=$!
ids()
{
    [ "$(wc -l <consumed)" -ge "$1" ]
}
at()
{
    "$quipu" consumers --json "$a" | grep -q "\"$1\".*\"record\":$2,"
}
await $runner at runner 6
expect 0 "$quipu" consumers --yes --reset runner --after 2 "$a"
"$plant" more "$a" 1
status=0
wait $runner || status=$?
[ "$status" = 1 ] || fail "the runner ended with $status"
grep -q "CONFLICT: .*another process uses the same consumer" complaint ||
    { fail "the runner does not say why it ended"; cat complaint; }
at runner 2 || fail "the runner has overwritten the reset"

# Remove: a subscription, and a projection with its parked events.
expect 0 "$quipu" consumers --yes --remove runner "$a"
same <<'END'
runner          removed
END
expect 1 "$quipu" consumers --yes --remove runner "$a"
expect 0 "$quipu" consumers --yes --remove things@1 "$model"
says "removed; its read model is not"
expect 0 "$quipu" consumers "$model"
says "0 consumers, 0 behind, oldest 0 s, 0 parked"
expect 0 "$quipu" consumers "$a"
says "2 consumers"

# Hostile names are escaped, and lines fit into 80 columns.
"$plant" project "$a" 9
"$plant" track "$a"
expect 0 "$quipu" consumers "$a"
says 'mail\x07'
says "no log"
! LC_ALL=C grep -q "$(printf '\007')" out || fail "a name is not escaped"
awk 'length > 80 { exit 1 }' out || { fail "lines above 80 columns"; cat out; }

# log: from the record of a consumer on, here or in another store.
"$plant" project "$a" 9 "$model"
"$plant" more "$a" 2
expect 0 "$quipu" log --json --consumer things@1 "$a"
[ "$(wc -l <out)" = 2 ] || fail "not two items behind the record"
says '"notification_id":8'
says '"notification_id":9'
expect 0 "$quipu" log --json --consumer things@1 --limit 1 --reverse "$a"
says '"notification_id":9'
[ "$(wc -l <out)" = 1 ] || fail "--limit is ignored"
expect 0 "$quipu" log --json --consumer things@1 --consumers "$model" "$a"
[ "$(wc -l <out)" = 2 ] || fail "the record of the other store is ignored"
expect 0 "$quipu" log --json --consumer things@1 --follow --limit 2 "$a"
says '"notification_id":9'
expect 1 "$quipu" log --consumer nobody "$a"
complains "consumer 'nobody' has no tracking record of this log"
expect 2 "$quipu" log --consumer mailer --after 1 "$a"
expect 2 "$quipu" log --consumers "$model" "$a"
expect 1 "$quipu" log --consumer mailer --consumers "$(store missing)" "$a"

# log: by topic and by prefix.
expect 0 "$quipu" log --json --topic Nothing "$a"
[ ! -s out ] || fail "a topic without items prints some"
expect 0 "$quipu" log --json --topic Nothing --topic Thing.Happened --limit 3 \
    "$a"
[ "$(wc -l <out)" = 3 ] || fail "two topics do not pass"
expect 2 "$quipu" log --prefix a "$a"
complains prefix
expect 0 "$quipu" log --json --prefix ev "$(store rich)"
[ "$(grep -c '"sequence_id":"even"' out)" = "$(wc -l <out)" ] ||
    fail "other sequences pass the prefix"
[ "$(wc -l <out)" = 6 ] || fail "not all sequences pass the prefix"
expect 0 "$quipu" log --json --prefix ev --prefix od "$(store rich)"
[ "$(wc -l <out)" = 12 ] || fail "two prefixes do not pass"
expect 0 "$quipu" log --json --follow --prefix od --limit 6 "$(store rich)"
[ "$(grep -c '"sequence_id":"odd"' out)" = 6 ] ||
    fail "--follow ignores the prefix"

# A group: its members, and the partitions of each.
"$plant" plain "$(store group)" 2 3
"$plant" group "$(store group)" first
"$plant" more "$(store group)" 2
expect 0 "$quipu" consumers "$(store group)"
quiet
same <<'END'
consumer  log            record  head  behind  age  parked  notes
shared@1  stored_events       6     8       2    ?       0  projection
1 consumer, 2 behind, oldest 0 s, 0 parked

group     member  record  behind  partitions
shared@1  first        6       2  0-7
END
expect 0 "$quipu" consumers --json "$(store group)"
says '"partitions":[{"record":6,"member":0},{"record":6,"member":0},'
says '"members":[{"name":"first","lease_milliseconds":10000}]}'
# Another member finds no free partition as long as the first one seems alive.
"$plant" group "$(store group)" second
expect 0 "$quipu" consumers "$(store group)"
says "first        6       2  0-7"
says "second"
expect 2 "$quipu" consumers --yes --reset shared@1 "$(store group)"
complains quipu_projection_reset
expect 0 "$quipu" consumers --yes --remove shared@1 "$(store group)"
expect 0 "$quipu" consumers "$(store group)"
says "0 consumers"

# watch: appends blocks to a file, and ends with 0 after SIGINT.
blocks()
{
    [ "$(grep -c "$1" watched)" -ge "$2" ]
}
for json in "" --json; do
    : >watched
    env --default-signal=INT "$quipu" consumers --watch=0.05 $json "$a" \
        >watched 2>err &
    watcher=$!
    await $watcher blocks mailer 3
    kill -s INT $watcher
    status=0
    wait $watcher || status=$?
    [ "$status" = 0 ] || fail "--watch ends with $status after SIGINT"
    quiet
done
grep -q '^{"time":"20[^"]*Z","consumer":"mailer"' watched ||
    fail "a line of --watch --json has no time"
# It ends with its reader.
"$quipu" consumers --watch=0.05 "$a" | head -n 9 >out
says "mailer"
finish
