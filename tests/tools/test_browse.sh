#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# browse: each answer says of the store what the other commands say, in parts
# that are bounded, and nothing is written to the store.
. "$(dirname "$0")/serve.sh"
command=browse
command -v python3 >found || {
    echo "needs python3" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}
here=$(dirname "$0")

# import_items NAME: stores the items of browse_items.py.
import_items()
{
    python3 "$here/browse_items.py" "$1" >"$1.jsonl"
    expect 0 sh -c '"$1" import "$2" <"$3"' sh "$quipu" "$(store "$1")" \
        "$1.jsonl"
}

# gives FILTER TEXT: fails unless jq prints that of the last answer, which must
# be 200.
gives()
{
    wants 200
    got=$(jq -c "$1" out) || got="no JSON"
    [ "$got" = "$2" ] || { fail "$path: $1 is $got, not $2"; show_answer; }
}

# same_as FILTER COMMAND...: fails unless the filter, of the last answer, prints
# the same lines as the command.
same_as()
{
    filter=$1
    shift
    wants 200
    jq -cS "$filter" out >got
    "$@" >wanted
    diff -u wanted got >differences ||
        { fail "$path differs"; head -n 20 differences; }
}

a=$(store shop)
import_items shop
# Readers of SQLite make its index of the WAL; the contents stay.
[ "$driver" != sqlite ] || cksum shop.db >before
serve "$a" --port 0

# --------------------------------------------------------------- the page

fetch /
wants 200 "Content-Type: text/html; charset=utf-8"
wants 200 "Content-Security-Policy: default-src 'none'; script-src 'self'; "
wants 200 "frame-ancestors 'none'"
wants 200 "X-Content-Type-Options: nosniff"
wants 200 "Cross-Origin-Resource-Policy: same-origin"
wants 200 "Cache-Control: no-store"
for file in style.css main.js views.js detail.js state.js dom.js; do
    fetch /$file
    wants 200
    cmp -s out "$here/../../tools/browse/page/$file" ||
        fail "$file is not that of the source"
    # Nothing is loaded from elsewhere, and no text is parsed as HTML.
    ! grep -nE 'https?://|innerHTML|insertAdjacentHTML|document\.write|eval\(' \
        out || fail "$file"
done
fetch /api/store --head
wants 200

# ------------------------------------------------------------------ store

fetch /api/store
same_as 'del(.keys)' sh -c '"$1" info --json "$2" | jq -cS "del(.tracking)"' \
    sh "$quipu" "$a"
gives .keys false

# ------------------------------------------------- log, sequences, events

# The members that all items have, of what a command prints.
common='{schema, notification_id, sequence_id, position, topic, event_id, time,
    columns, state, erased}'
printed()
{
    "$quipu" "$@" | jq -cS "$common"
}
fetch '/api/log?limit=200'
same_as ".items[] | $common" printed log --json "$a"
gives '[.head, .through, .more, .waited]' '[106,106,false,false]'
fetch '/api/log?limit=20&order=desc'
same_as ".items[] | $common" printed log --json --reverse --limit 20 "$a"
gives '[.through, .more]' '[87,true]'
fetch '/api/log?limit=20&order=desc&before=87'
gives '[.items[0].notification_id, .through, .more]' '[86,67,true]'
fetch '/api/log?after=100&before=104'
gives '[.items[].notification_id]' '[101,102,103]'
fetch '/api/log?after=106'
gives '[.items, .through, .more]' '[[],106,false]'
fetch '/api/log?after=500'
gives '[.items, .head, .through, .more]' '[[],106,500,false]'
fetch '/api/log?topic=Order.Cancelled&order=desc'
same_as ".items[] | $common" printed log --json --topic Order.Cancelled \
    --reverse "$a"
gives '[.through, .more]' '[1,false]'
fetch '/api/log?prefix=order-1001'
same_as ".items[] | $common" printed log --json --prefix order-1001 "$a"
fetch '/api/log?prefix=order-10&topic=Order.Paid&limit=2'
gives '[(.items | length), .more, .through == .items[1].notification_id]' \
    '[2,true,true]'

fetch '/api/sequence?id=product-tin'
same_as ".items[] | $common" printed read --json "$a" product-tin
gives '[.last_position, .more]' '[7,false]'
fetch '/api/sequence?id=product-tin&order=desc&before=5&limit=2'
gives '[[.items[].position], .more]' '[[4,3],true]'
fetch '/api/sequence?id=product-tin&after=6'
gives '[[.items[].position], .more]' '[[7],false]'

fetch '/api/sequences?limit=500'
same_as '.items[]' sh -c \
    '"$1" sequences --json "$2" | jq -cS "del(.schema)"' sh "$quipu" "$a"
fetch '/api/sequences?limit=3'
gives '[[.items[].sequence_id], .more]' \
    '[["customer-001","customer-002","customer-003"],true]'
fetch '/api/sequences?limit=3&after=customer-003'
gives '[[.items[].sequence_id], .more]' \
    '[["customer-004","customer-005","customer-006"],true]'
fetch '/api/sequences?prefix=product-t'
gives '[[.items[].sequence_id], .more]' \
    '[["product-teapot","product-tin"],false]'
fetch '/api/sequences?prefix=product-tin'
gives '[[.items[].sequence_id], .more]' '[["product-tin"],false]'
fetch '/api/sequences?prefix=product-&limit=2&after=product-cups'
gives '[[.items[].sequence_id], .more]' \
    '[["product-kettle","product-teapot"],true]'
fetch '/api/sequences?prefix=zz'
gives '[.items, .more]' '[[],false]'

# One event by its place, by its number and by its id.
fetch '/api/item?id=order-1001&position=0'
gives '[.topic, .position, .previous, .next]' '["Order.Placed",0,null,1]'
gives .metadata '{"correlation_id":"request-5","user":"web"}'
event=$(jq -r .event_id out)
number=$(jq -r .notification_id out)
cp out one
for query in "event=$event" "notification=$number"; do
    fetch "/api/item?$query"
    wants 200
    cmp -s one out || { fail "$query gives another event"; show_answer; }
done

# An erased event, and one with members that are sealed for their subjects.
fetch '/api/item?id=order-1001&position=3'
gives '[.erased, .state, has("state_bytes"), .previous]' '[true,null,false,2]'
fetch '/api/item?id=customer-001&position=0'
gives '[.envelope.personal, .state.language]' '[{"name":null},"en"]'

# -------------------------------------------------------------- consumers

fetch /api/consumers
same_as '.items[] | del(.age_seconds)' sh -c \
    '"$1" consumers --json "$2" | jq -cS "del(.age_seconds)"' sh "$quipu" "$a"
gives '[.items[] | [.consumer, .behind]]' \
    '[["mailer",0],["reports",31],["search-index",4]]'

# ------------------------------------------------- questions without answer

for query in 'log?limit=0' 'log?limit=201' 'log?limit=x' 'log?after=-1' \
    'log?after=1x' 'log?after=%201' 'log?after=9223372036854775808' \
    'log?order=up' 'log?topic=%ff' 'log?topic=a%00b' 'log?wait=26&after=106' \
    'sequence' 'sequence?id=' 'sequence?id=%00' 'item?id=a' 'item?position=0' \
    'item?event=x' 'item?notification=0' 'sequences?limit=501' \
    "sequences?prefix=$(printf '%0300d' 0)" 'sequences?after=%ff'; do
    fetch "/api/$query"
    wants 400 '"error":"INVALID"'
done
for query in 'sequence?id=none' 'item?notification=107' \
    'item?id=order-1001&position=4' 'log?schema=none' \
    'item?event=00000000-0000-0000-0000-000000000000' 'none' '' ; do
    fetch "/api/$query"
    wants 404 '"error":"NOT_FOUND"'
done
stop
if [ "$driver" = sqlite ]; then
    cksum shop.db | diff before - || fail "the store was changed"
    [ ! -s shop.db-wal ] || fail "the store has a log of changes"
fi

# ----------------------------------------------- hostile and large contents

import_items hostile
serve "$(store hostile)" --port 0
fetch '/api/log?limit=200'
gives '[.items[0].topic, .items[0].state["<script>window.broken=1</script>"]]' \
    "[\"<script>window.broken=1</script>\",\
\"<img src=x onerror='window.broken=1'>\"]"
wants 200 "Content-Type: application/json"
gives '.items[1].state' '{"text":{"hex":"61fffe62"},"blob":{"hex":"00ff"}}'
gives '.items[2] | [.state, .omitted_bytes, .state_bytes, .omitted_columns]' \
    '[null,10485779,10485779,{"tenant":9000}]'
gives '[.items[4] | .state, (.state_hex | length)]' '[null,1046]'
gives '.items[7] | [.state, .state_hex]' '[null,"c1c1"]'
[ "$(wc -c <out)" -lt 60000 ] || fail "the log is large: $(wc -c <out) bytes"
fetch '/api/item?id=large&position=0'
gives '[.state, .omitted_bytes, (.columns.tenant | length)]' \
    '[null,10485779,9000]'
fetch '/api/item?id=large&position=1'
gives '[.state.word, .state.rest | length]' '[200000,5000]'
# Integers that the reader of a browser would round.
fetch '/api/item?id=big&position=0'
gives '.state | [.above, .below, .exact, .list, .nan, .real * 1 == 0.1]' \
    '[{"integer":"9007199254740993"},{"integer":"-9007199254740993"},'\
'9007199254740992,[{"integer":"9007199254740993"}],"NaN",true]'
stop

# A list ends when its text is long enough, and the next one continues there.
import_items many
serve "$(store many)" --port 0
count=0
through=0
parts=0
while [ "$count" -lt 300 ] && [ $parts -lt 9 ]; do
    fetch "/api/log?limit=200&after=$through"
    wants 200
    [ "$(wc -c <out)" -lt 1100000 ] || fail "a part has $(wc -c <out) bytes"
    count=$((count + $(jq '.items | length' out)))
    through=$(jq .through out)
    parts=$((parts + 1))
    [ "$through" = "$count" ] || fail "through $through of $count events"
done
gives .more false
[ "$count $parts" = "300 3" ] || fail "$count events in $parts parts"
stop

# ------------------------------------------------------------ other schemas

b=$(store b)
plant_all "$b" 2 15
serve "$b" --port 0
fetch /api/log
wants 400 "name one with schema"
fetch '/api/log?schema=stored_events&limit=1'
gives .head 30
fetch '/api/sequences?schema=stored_events&prefix=8F7d-29'
gives '[.items[].sequence_id]' "[\"$zero\"]"
fetch "/api/sequences?schema=stored_events&prefix=$zero"
gives '[.items[].sequence_id]' "[\"$zero\"]"
fetch "/api/sequences?schema=stored_events&prefix=${zero%?}d"
gives .items '[]'
for prefix in xyz "${zero}0"; do
    fetch "/api/sequences?schema=stored_events&prefix=$prefix"
    wants 400 "hexadecimal digits"
done
fetch '/api/log?schema=stored_events&prefix=8f'
wants 400 '"error":"INVALID"'
fetch "/api/sequence?schema=sparse&id=$zero"
gives '[.items[].position]' '[{"integer":"-9223372036854775808"},-7,0,1000,'\
'{"integer":"9223372036854775807"}]'
fetch "/api/item?schema=sparse&id=$zero&position=-7"
gives '[.previous, .next]' '[{"integer":"-9223372036854775808"},0]'
fetch "/api/sequence?schema=sparse&id=$zero&after=1000"
gives '[.items[].position]' '[{"integer":"9223372036854775807"}]'
fetch '/api/log?schema=rich'
gives '.items | length' 12
stop
serve "$b" --port 0 --schema sparse
fetch /api/store
gives '[.schemas[].table]' '["sparse"]'
fetch '/api/log?schema=stored_events'
wants 404 "has no schema 'stored_events'"
stop
finish
