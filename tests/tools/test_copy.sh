#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# copy: copies a store to any other, and continues after interruptions.
. "$(dirname "$0")/lib.sh"

a=$(store a)
b=$(store b)
plant_all "$a" 2 3

# equal URI URI: fails unless the exports of both stores are the same without
# the stores' identities.
equal()
{
    "$quipu" export "$1" | sed 1d >export1
    "$quipu" export "$2" | sed 1d >export2
    diff export1 export2 >differences || {
        fail "$1 and $2 differ"
        head differences
    }
}

# Copy all; copy again, which copies nothing; copy the items stored since.
# Tracking records are copied only if that is asked for.
expect 0 "$quipu" copy "$a" "$b"
same <<'END'
schema                  items  copied  verdict
odd; DROP TABLE "x" --      2       2  same
rich                       12      12  same
sparse                      5       5  same
stored_events               6       6  same
END
quiet
expect 0 "$quipu" info --json "$b"
says '"tracking":[]'
expect 0 "$quipu" copy --json "$a" "$b"
! grep -q tracking out || fail "tracking records were copied, too"
expect 0 "$quipu" copy --tracking "$a" "$b"
says "2 tracking records: same"
quiet
equal "$a" "$b"
expect 0 "$quipu" verify --raw "$b"
expect 0 "$quipu" copy --json --tracking "$a" "$b"
says '{"schema":"rich","items":12,"copied":0,"verdict":"same"}'
says '{"trackings":2,"verdict":"same"}'
says '{"entries":0,"verdict":"same"}'
expect 0 "$quipu" copy --verify-only "$a" "$b"
"$plant" more "$a" 3
expect 1 "$quipu" copy --verify-only "$a" "$b"
complains "differ at notification id 7 of 'stored_events'"
expect 0 "$quipu" copy "$a" "$b"
says "stored_events               9       3  same"
equal "$a" "$b"

# Copies to and from the memory driver.
expect 0 "$quipu" copy "$a" memory:
says "rich                       12      12  same"
expect 0 "$quipu" copy "memory:?create=yes&readonly=no" "$(store empty)"
quiet

# Copies under another name, to another namespace, and to the same store.
expect 0 "$quipu" copy --schema stored_events --as events "$a" "$b"
says "events      9       9  same"
! grep -q tracking out || fail "tracking records were copied, too"
expect 0 "$quipu" copy --schema stored_events --as more "$b" "$b"
expect 0 "$quipu" log --json --schema more "$b"
sed 's/"schema":"more"/"schema":"stored_events"/' out >more.log
"$quipu" log --json --schema stored_events "$a" >stored_events.log
cmp more.log stored_events.log || fail "the copy has another log"
expect 2 "$quipu" copy "$a" "$a"
complains "the same store"
if [ "$driver" != postgres ]; then
    expect 0 "$quipu" copy --verify-only "$a" "$(store ./a)"
    complains "they are the same store, or one was made by copying"
fi

# An item that was changed by one byte is named.
case $driver in
sqlite)
    expect 0 "$quipu" copy --schema stored_events "$a" "$(store byte)"
    sqlite3 byte.db "UPDATE stored_events SET state = x'81a16ed10003'
        WHERE id = 5"
    ;;
postgres)
    expect 0 "$quipu" copy --schema stored_events "$a" "$(store byte)"
    psql -Xqc "UPDATE stored_events SET state = '\\x81a16ed10003'
        WHERE id = 5 AND quipu_namespace = (SELECT n.number
            FROM quipu_namespaces AS n WHERE n.name = 'test_copy.byte')"
    ;;
esac
if [ "$driver" != lmdb ]; then
    expect 1 "$quipu" copy --schema stored_events "$a" "$(store byte)"
    complains "differ at notification id 5 of 'stored_events', in the item's st"
fi
expect 0 "$quipu" copy "$a" "$(store a namespace=other)"
expect 0 "$quipu" copy --verify-only "$a" "$(store a namespace=other)"
expect 0 "$quipu" copy --schema rich --schema sparse --tracking "$a" \
    "$(store c)"
says "2 tracking records: same"
expect 2 "$quipu" copy --schema rich --as select "$a" "$(store c)" --schema odd
expect 2 "$quipu" copy --schema rich --as quipu_x "$a" "$(store d)"
complains quipu_x

# A target with other content is refused and left unchanged.
expect 1 "$quipu" copy "$a" "$b"
complains "the schema 'events', which the source lacks"
"$plant" plain "$(store other)" 3 1
"$quipu" export "$(store other)" >before
expect 1 "$quipu" copy "$a" "$(store other)"
complains "differ at notification id 3 of 'stored_events', in the item's"
"$plant" plain "$(store longer)" 2 5
"$quipu" export "$(store longer)" >>before
expect 1 "$quipu" copy "$a" "$(store longer)"
complains "schema 'stored_events' (10) than the source (9)"
"$plant" columns "$(store columns)"
"$quipu" export "$(store columns)" >>before
expect 1 "$quipu" copy "$a" "$(store columns)"
complains "with another definition: the kind of positions differs"
for name in other longer columns; do
    "$quipu" export "$(store $name)"
done >after
cmp before after || fail "a refused target was changed"
# A target with a higher tracking record is refused, too.
expect 0 "$quipu" copy --schema sparse "$a" "$(store ahead)"
"$plant" track "$(store ahead)" 9
expect 0 "$quipu" copy "$a" "$(store ahead)"
expect 1 "$quipu" copy --tracking "$a" "$(store ahead)"
complains "the tracking record of consumer"
expect 1 "$quipu" copy --schema rich --tracking "$a" "$(store ahead)"
complains "the tracking record of consumer"
expect 0 "$quipu" copy --schema rich "$a" "$(store ahead)"

# Key-value entries of programs are copied with all schemas, and changed ones
# again. Those that the target has of its own are not replaced.
e=$(store entries)
t=$(store target)
"$plant" plain "$e" 1 2
"$plant" entry "$e" rates/eur 1.25
"$plant" entry "$e" rates/usd ""
"$plant" entry "$e" timers/1 soon
expect 0 "$quipu" copy --schema stored_events "$e" "$t"
! grep -q entr out || fail "entries were copied with --schema"
expect 1 "$quipu" copy --verify-only "$e" "$t"
complains "the entry 'rates/eur' is missing in the target"
expect 0 "$quipu" copy "$e" "$t"
says "3 entries: same"
expect 0 "$quipu" copy --verify-only --json "$e" "$t"
says '{"entries":3,"verdict":"same"}'
"$plant" entry "$e" rates/eur 1.26
"$plant" entry "$e" a later
expect 1 "$quipu" copy --verify-only "$e" "$t"
complains "the entry 'a' is missing in the target"
expect 0 "$quipu" copy "$e" "$t"
says "4 entries: same"
"$plant" entry "$t" rates/eur 9.99
"$plant" entry "$t" rates/eur 9.98
expect 1 "$quipu" copy "$e" "$t"
complains "the entry 'rates/eur' has another value in the target, where a"
"$plant" entry "$t" rates/eur 1.26
"$plant" entry "$e" timers/1
expect 1 "$quipu" copy "$e" "$t"
complains "the entry 'timers/1' is in the target, but not in the source"
expect 1 "$quipu" copy --verify-only "$e" "$t"
complains "the entry 'timers/1' is in the target, but not in the source"
"$plant" entry "$t" timers/1
expect 0 "$quipu" copy "$e" "$t"
says "3 entries: same"
expect 0 "$quipu" copy "$e" memory:
says "3 entries: same"

# Neither the records of projections nor quipu's own entries are copied: the
# target builds its read models from the first event.
"$plant" project "$e" 1
"$plant" consume "$e" mailer 1 >out
expect 0 "$quipu" copy --tracking "$e" "$t"
says "1 tracking record: same"
says "3 entries: same"
complains "1 projection or group is omitted, since read models are not moved"
expect 0 "$quipu" consumers --json "$t"
[ "$(wc -l <out)" = 1 ] || { fail "a projection was copied"; cat out; }
says '"consumer":"mailer","log":"stored_events","record":1,'
expect 0 "$quipu" parked "$t"
says "0 parked events"
"$plant" project "$t" 1
expect 0 "$quipu" parked "$t"
says "1 parked event"
# The projection of the target does not hinder a further copy.
expect 0 "$quipu" copy --tracking "$e" "$t"

# A missing store is neither a source nor a target of a comparison; a read-only
# store is no target.
expect 1 "$quipu" copy "$(store missing)" "$(store e)"
expect 1 "$quipu" copy --verify-only "$a" "$(store missing)"
expect 1 "$quipu" copy missing:x "$(store e)"
expect 1 "$quipu" copy "$a" missing:x
expect 2 "$quipu" copy "$a" "$(store c readonly=yes)"
complains "readonly=yes"
expect 1 "$quipu" copy --schema frobnicate "$a" "$(store e)"
expect 2 "$quipu" copy "$a"

# A copy continues after SIGKILL at any moment: at the n-th of these system
# calls.
{
    echo '{"type":"quipu-export","version":1}'
    printf '{"type":"schema","table":"long","ids":"text",'
    printf '"positions":"contiguous","columns":{"notification_id":"id",'
    printf '"sequence_id":"s","position":"p","topic":"t","state":"d",'
    printf '"event_id":"e"}}\n'
    awk 'BEGIN { for (i = 0; i < 12000; i++) {
        printf "{\"type\":\"item\",\"schema\":\"long\","
        printf "\"sequence_id\":\"%d\",\"topic\":\"Happened\",", i % 7
        printf "\"state\":\"gA==\","
        printf "\"event_id\":\"00000000-0000-7000-8000-%012d\"}\n", i } }'
    echo '{"type":"end","items":12000}'
} >long.jsonl
status=0
"$quipu" import "$(store long)" <long.jsonl >out 2>err || status=$?
[ "$status" = 0 ] || { fail "the import of the long store failed"; cat err; }
"$plant" entry "$(store long)" key value
killed=0
for moment in 1 2 3 4 5 6 8 10 13 17 21 34 55; do
    calls=pwrite64,pwritev,write,fdatasync,fsync,msync,sendto
    status=0
    traced -f -o trace -e trace=$calls \
        -e inject=$calls:signal=KILL:when=$moment \
        "$quipu" copy "$(store long)" "$(store killed)" >out 2>err || status=$?
    [ "$status" = 0 ] || killed=$((killed + 1))
done
echo "killed $killed times"
[ "$killed" -ge 5 ] || fail "the copy was killed only $killed times"
expect 0 "$quipu" copy "$(store long)" "$(store killed)"
equal "$(store long)" "$(store killed)"
expect 0 "$quipu" verify "$(store killed)"
expect 0 "$quipu" copy --verify-only "$(store long)" "$(store killed)"
says "1 entry: same"

# Two copies, or two imports, of the same items at the same time succeed.
for both in copy import; do
    to=$(store both_$both)
    if [ $both = copy ]; then
        set -- "$quipu" copy "$(store long)" "$to"
    else
        set -- "$quipu" import "$to"
    fi
    "$@" <long.jsonl >other.out 2>other.err &
    other=$!
    status=0
    "$@" <long.jsonl >out 2>err || status=$?
    [ "$status" = 0 ] || { fail "one of two at once: $both"; cat err; }
    wait $other || { fail "the other of two at once: $both"; cat other.err; }
    equal "$(store long)" "$to"
done

# Progress goes to a file only with --progress.
expect 0 "$quipu" copy --progress "$(store long)" "$(store progress)"
complains "long: copying, 1 of 12000"
finish
