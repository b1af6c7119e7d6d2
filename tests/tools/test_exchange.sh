#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# export and import: a store that is exported and imported is the same.
. "$(dirname "$0")/lib.sh"

a=$(store a)
b=$(store b)
plant_all "$a" 2 3

# import STATUS FILE ARGUMENT...: imports a file; fails unless it exits with
# STATUS.
import()
{
    wanted=$1
    input=$2
    shift 2
    status=0
    "$quipu" import "$@" <"$input" >out 2>err || status=$?
    [ "$status" = "$wanted" ] || {
        fail "exit status $status, not $wanted: import $* <$input"
        sed 's/^/    /' out err
    }
}

# body FILE: prints an export without its first line, which names the store.
body()
{
    sed 1d "$1"
}

# equal FILE FILE: fails unless both exports are the same without first lines.
equal()
{
    body "$1" >body1
    body "$2" >body2
    diff -u body1 body2 || fail "the exports $1 and $2 differ"
}

# Export all and import it. The export is one JSON object per line.
expect 0 "$quipu" export "$a"
quiet
mv out a.jsonl
[ "$(wc -l <a.jsonl)" = 33 ] || fail "the export has $(wc -l <a.jsonl) lines"
grep -q '"number":"9007199254740993"' a.jsonl ||
    fail "an integer beyond 2^53 is not a string"
for numbers in '9007199254740992,"real":4.9406564584124654e-324,' \
    '"9223372036854775807","real":0.10000000000000001,'; do
    grep -q -e "\"number\":$numbers" a.jsonl || fail "the export lacks $numbers"
done
import 0 a.jsonl "$b"
same <<END
schema                  stored  there already
odd; DROP TABLE "x" --       2              0
rich                        12              0
sparse                       5              0
stored_events                6              0
END
quiet
expect 0 "$quipu" export "$b"
mv out b.jsonl
equal a.jsonl b.jsonl
expect 0 "$quipu" info "$b"
says 'mail\x07 has processed things up to 2'
# The logs and the tables are the same, too.
for store in a b; do
    "$quipu" log --json "$(store $store)" >$store.log
done
cmp a.log b.log || fail "the logs differ"
if [ "$driver" = sqlite ]; then
    for table in rich sparse stored_events; do
        for name in a b; do
            sqlite3 $name.db ".dump $table" >$name.dump
        done
        cmp a.dump b.dump || fail "the tables $table differ"
    done
fi

# The record of a projection stays: its read model is not exported.
"$plant" plain "$(store model)" 1 2
"$plant" project "$(store model)" 1
"$plant" consume "$(store model)" mailer 1 >out
expect 0 "$quipu" export "$(store model)"
says '{"type":"tracking","consumer":"mailer"'
says '{"type":"end","items":2,"trackings":1}'
complains "1 projection or group is omitted, since read models are not moved"

# A repeated import stores nothing. A higher tracking record is a conflict.
import 0 a.jsonl --json "$b"
says '{"schema":"rich","stored":0,"present":12}'
expect 0 "$quipu" export "$b"
equal a.jsonl out
sed 's/"consumer":"report","log":"things","notification_id":3/&9/' a.jsonl \
    >ahead.jsonl
import 0 ahead.jsonl "$b"
import 1 a.jsonl "$b"
complains "consumer 'report'"

# differs PART COMMAND: edits an item with sed; fails unless import over the
# original and comparison with it both name the part that differs.
differs()
{
    part=$1
    edited=$((edited + 1))
    sed "7$2" a.jsonl >other.jsonl
    ! cmp -s a.jsonl other.jsonl || fail "sed changed nothing: $2"
    import 1 other.jsonl "$b"
    complains "line 7: the schema 'rich' holds another item at notification"
    complains "(its $part differs)"
    import 0 other.jsonl --schema rich "$(store edited$edited)"
    expect 1 "$quipu" copy --verify-only --schema rich "$a" \
        "$(store edited$edited)"
    complains "differ at notification id 2 of 'rich', in the item's $part"
}
edited=0
differs "sequence id" 's/"sequence_id":"odd"/"sequence_id":"odder"/'
differs position 's/"position":"-9223372036854775807"/"position":7/'
differs "event id" 's/"event_id":"5/"event_id":"6/'
differs topic 's/"topic":"x"/"topic":"y"/'
differs state 's/"state":"AA/"state":"AQ/'
differs metadata 's/"metadata":"",//'
differs metadata 's/"metadata":""/"metadata":"AA=="/'
differs time 's/"time":"9999-12-31T23:59:59/"time":"9999-12-31T23:59:58/'
differs time 's/"time":"[^"]*",//'
differs "further columns" 's/"yes":true/"yes":null/'
differs "further columns" 's/"yes":true/"yes":false/'
differs "further columns" 's/"number":"9223372036854775807"/"number":0/'
differs "further columns" 's/:0.10000000000000001/:0.10000000000000002/'
differs "further columns" 's/"words":"/&x/'
differs "further columns" 's/"raw":"[^"]*"/"raw":"AQ=="/'
differs "further columns" 's/"uuid":"7/"uuid":"8/'
differs "further columns" 's/"moment":"9999/"moment":"9998/'

# A position in a log of the exported store becomes one of the new store; a
# position in the log of a third store is unchanged.
own=$(sed -n '1s/.*"store":"\([^"]*\)".*/\1/p' a.jsonl)
foreign=00000000-0000-4000-8000-000000000001
sed "s/\"notification_id\":2}/\"notification_id\":2,\"store\":\"$own\"}/
    s/\"things\",\"notification_id\":3}/\"things\",\"notification_id\":3,\
\"store\":\"$foreign\",\"event_id\":\"$zero\"}/" a.jsonl >positions.jsonl
import 0 positions.jsonl "$(store positions)"
expect 0 "$quipu" export "$(store positions)"
new=$(sed -n '1s/.*"store":"\([^"]*\)".*/\1/p' out)
[ -n "$new" ] && [ "$new" != "$own" ] || fail "the store has no identity"
says "\"notification_id\":2,\"store\":\"$new\"}"
says "\"notification_id\":3,\"store\":\"$foreign\",\"event_id\":\"$zero\"}"
import 0 positions.jsonl "$(store positions)"
# A copy does the same. A tracking record at another item differs.
expect 0 "$quipu" copy --tracking "$(store positions)" "$(store moved)"
expect 0 "$quipu" copy --tracking --verify-only "$(store positions)" \
    "$(store moved)"
expect 0 "$quipu" export "$(store moved)"
says "\"notification_id\":3,\"store\":\"$foreign\""
! grep -q "$new" out || fail "a position in the old store was kept"
expect 1 "$quipu" copy --tracking "$a" "$(store moved)"
complains "differs between both stores"
import 1 a.jsonl "$(store moved)"
complains "is higher in the target already, or is at another item"

# An export that is cut off is an error; importing all of it continues.
for lines in 1 2 3 9 20 32; do
    c=$(store c$lines)
    head -n $lines a.jsonl >cut.jsonl
    import 1 cut.jsonl "$c"
    complains "line $lines: the input is incomplete"
    import 0 a.jsonl "$c"
    expect 0 "$quipu" export "$c"
    equal a.jsonl out
done
# The same if it is cut off within a line.
head -c 3000 a.jsonl >cut.jsonl
import 1 cut.jsonl "$(store cut)"
wrong=$(wc -l <cut.jsonl | awk '{ print $1 + 1 }')
complains "line $wrong: the line is not JSON"
import 0 a.jsonl "$(store cut)"

# --schema, --as and --tracking.
expect 0 "$quipu" export --schema stored_events --as events "$a"
mv out events.jsonl
! grep -q '"type":"tracking"' events.jsonl || fail "tracking was exported"
import 0 events.jsonl --schema events --as "an\"other" "$(store d)"
same <<'END'
schema    stored  there already
an"other       6              0
END
expect 0 "$quipu" sequences --json "$(store d)"
says '"schema":"an\"other"'
import 0 a.jsonl --schema sparse --schema rich "$(store e)"
expect 0 "$quipu" info --json "$(store e)"
says '"tracking":[]'
import 0 a.jsonl --schema sparse --tracking "$(store e)"
expect 0 "$quipu" info "$(store e)"
says 'report has processed things up to 3'
import 1 a.jsonl --schema frobnicate "$(store e)"
complains "the input has no schema 'frobnicate'"
expect 2 "$quipu" export --as x "$a"
complains "--as needs exactly one --schema"
expect 2 "$quipu" import --as x --schema a --schema b "$a"

# --after exports the items stored since, which are imported after the others.
"$plant" more "$a" 3
expect 0 "$quipu" export --schema stored_events --after 6 "$a"
mv out more.jsonl
import 0 more.jsonl "$b"
same <<'END'
schema         stored  there already
stored_events       3              0
END
import 1 more.jsonl "$(store f)"
complains "line 3: notification id 7 cannot follow"
complains "ends at 0"

# A store with other content is refused and left unchanged.
"$plant" plain "$(store other)" 3 1
import 1 a.jsonl "$(store other)"
complains "holds another item at notification id"
expect 0 "$quipu" export --schema stored_events "$(store other)"
[ "$(grep -c '"type":"item"' out)" = 3 ] || fail "the other store was changed"
"$plant" odd "$(store columns)"
sed 's/"kind":"bool"/"kind":"int"/' a.jsonl >kinds.jsonl
import 1 kinds.jsonl --schema 'odd; DROP TABLE "x" --' "$(store columns)"
complains "line 2: "

# Items without a notification id are appended. A repeat is recognised by its
# event id, also if the items are in other batches.
plain='{"type":"schema","table":"t","ids":"text","positions":"contiguous",
"columns":{"notification_id":"id","sequence_id":"s","position":"p","topic":"o",
"state":"d","event_id":"e"}}'
{
    echo '{"type":"quipu-export","version":1}'
    echo "$plain" | tr -d '\n'
    echo
    for i in 0 1 2 3 4; do
        printf '{"type":"item","schema":"t","sequence_id":"a","topic":"x",'
        printf '"state":"","event_id":"00000000-0000-7000-8000-%012d"}\n' $i
    done
    echo '{"type":"end"}'
} >hand.jsonl
head -n 4 hand.jsonl >hand-cut.jsonl
import 1 hand-cut.jsonl "$(store g)"
import 0 hand.jsonl --json "$(store g)"
says '"stored":3,"present":2'
import 0 hand.jsonl --json "$(store g)"
says '"stored":0,"present":5'
expect 0 "$quipu" sequences "$(store g)"
says "a                     4"

count=0
# bad LINE MESSAGE: fails unless the import of bad.jsonl is refused at that
# line.
bad()
{
    count=$((count + 1))
    import 1 bad.jsonl "$(store h$count)"
    complains "line $1: "
    complains "$2"
}

# edit LINE COMMAND: makes bad.jsonl from a.jsonl by a sed command on one line.
edit()
{
    sed "$1$2" a.jsonl >bad.jsonl
    ! cmp -s a.jsonl bad.jsonl || fail "sed changed nothing: $2"
}
: >bad.jsonl
import 1 bad.jsonl "$(store h)"
complains "the last line of the export is missing"
echo 'Dear diary' >bad.jsonl
bad 1 "the line is not JSON"
echo '[]' >bad.jsonl
bad 1 "the input is not an export"
sed 1d a.jsonl >bad.jsonl
bad 1 "the input is not an export"
edit 1 's/"version":1/"version":2/'
bad 1 "version 2 of the export format"
edit 2 's/"after"/"behind"/'
bad 2 "unknown member 'behind'"
edit 2 's/}$/},/'
bad 2 "the line is not JSON"
edit 2 's/"ids":"text"/"ids":"words"/'
bad 2 "'ids' is neither"
edit 2 's/"kind":"bool"/"kind":"bools"/'
bad 2 "unknown kind 'bools'"
edit 2 's/"topic":"where"/"topic":null/'
bad 2 "topic"
edit 3 's/"type":"item"/"type":"thing"/'
bad 3 "unknown type 'thing'"
edit 3 's/"schema":"o/"schema":"u/'
bad 3 "is not defined"
edit 3 's/"notification_id":1/"notification_id":2/'
bad 3 "cannot follow"
edit 4 's/"notification_id":2/"notification_id":3/'
bad 4 "comes after 1"
edit 3 's/"notification_id":1/"notification_id":0/'
bad 3 "less than 1"
edit 3 's/"position":0/"position":0.5/'
bad 3 "'position' is not a 64-bit integer"
edit 3 's/"state":"[^"]*"/"state":"gA="/'
bad 3 "'state' is not bytes in base64"
edit 3 's/"state":"[^"]*"/"state":"gB=="/'
bad 3 "'state' is not bytes in base64"
edit 3 's/"state":"[^"]*"/"stat":""/'
bad 3 "unknown member 'stat'"
edit 3 's/,"state":"[^"]*"//'
bad 3 "'state' is missing"
edit 3 's/01T00/31T24/'
bad 3 "'time' is not a valid time"
edit 3 's/1970-01-01/1970-02-30/'
bad 3 "'time' is not a valid time"
edit 3 's/"yes":true/"yes":1/'
bad 3 "'yes' is not true or false"
edit 3 's/"yes":true/"no":true/'
bad 3 "unknown member 'no'"
edit 3 's/"number":"-9223372036854775808"/"number":"-9223372036854775809"/'
bad 3 "'number' is not a 64-bit integer"
edit 3 's/"real":0.5/"real":"0.5 "/'
bad 3 "'real' is not a number"
edit 3 's/"real":0.5/"real":"inf"/'
bad 3 "'real' is not a number that a double can hold"
edit 3 's/"real":0.5/"real":1000000000000000000000,"number":1/'
bad 3 "the line is not JSON: duplicate object key"
edit 3 's/"number":"-[0-9]*","real":0.5/"number":9007199254740993,'\
'"real":1000000000000000000000/'
bad 3 "'number' is not a 64-bit integer"
edit 3 's/"number":"-9223372036854775808"/"number":1000000000000000000000/'
bad 3 "'number' is not a 64-bit integer"
edit 3 's/"topic":"[^"]*"/"topic":""/'
bad 3 "topic"
edit 3 's/"topic":"[^"]*"/"topic":"a\\u0000b"/'
bad 3 "a string contains NUL"
edit 4 's/"position":1/"position":2/'
bad 4 "position 2"
edit 7 's/"event_id":"/&0/'
bad 7 "'event_id' is not a UUID"
edit 3 's/"state":"[^"]*"/&,"erased":true/'
bad 3 "erased"
edit 3 's/"state":"[^"]*"/&,"erased":1/'
bad 3 "'erased' is not true or false"
sed '8d' a.jsonl >bad.jsonl
bad 8 "comes after"
sed '32d' a.jsonl >bad.jsonl
bad 32 "lines are missing"
cat a.jsonl a.jsonl >bad.jsonl
bad 34 "continues after the last line"
head -n 4 a.jsonl | cat - a.jsonl >bad.jsonl
bad 5 "second export"
# The lines before a bad one are stored, and none after it.
edit 10 's/"state"/"stat"/'
import 1 bad.jsonl "$(store i)"
expect 0 "$quipu" export "$(store i)"
[ "$(grep -c '"type":"item"' out)" = 6 ] ||
    fail "other items than those before are stored"

# An export creates no store; a read-only store takes no import.
expect 1 "$quipu" export "$(store missing)"
import 1 a.jsonl --schema rich "$(store d readonly=yes)"

# Progress goes to a file only with --progress.
"$quipu" export --progress "$a" 2>err >out
grep -q 'exporting, [0-9]* of [0-9]*' err || fail "no progress was printed"
import 0 a.jsonl --progress "$(store c9)"
complains "importing"
# Numbers that a JSON tool writes in another way are the same numbers.
"$plant" rich "$(store numbers)"
"$quipu" export "$(store numbers)" >numbers.jsonl
grep -q '"real":"1.7976931348623157e+308"' numbers.jsonl ||
    fail "the export lacks the largest double"
jq -c . numbers.jsonl >jq.jsonl
sed -E 's/"position":([0-9])([,}])/"position":\1.0\2/' <numbers.jsonl \
    >point.jsonl
sed -E 's/"position":([0-9])([,}])/"position":\1E+0\2/' <numbers.jsonl \
    >power.jsonl
largest=17976931348623157$(printf '%0292d' 0)
sed "s/\"real\":\"1.7976931348623157e+308\"/\"real\":$largest/" \
    <numbers.jsonl >digits.jsonl
for rewritten in jq point power digits; do
    status=0
    "$quipu" import "$(store $rewritten)" <$rewritten.jsonl >out 2>err ||
        status=$?
    [ $status = 0 ] || { fail "$rewritten is not imported"; cat err; }
    "$quipu" export "$(store $rewritten)" | sed 1d >again
    sed 1d numbers.jsonl | cmp - again || fail "$rewritten changes a number"
done
finish
