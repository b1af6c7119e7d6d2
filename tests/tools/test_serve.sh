#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# serve: sections over HTTP are those of the log, a follower gets each item once
# and in order, and caches notice appends and erasures.
. "$(dirname "$0")/serve.sh"

a=$(store a)
"$plant" plain "$a" 3 15
serve "$a" --port 0

# A section has the lines of the export, and links to its neighbours.
"$quipu" export --schema stored_events "$a" | grep '"type":"item"' >export
fetch /sections/1,20
wants 200 "Content-Type: application/json"
wants 200 "X-Content-Type-Options: nosniff"
sed -n 's/^\({"type":.*}\),\{0,1\}$/\1/p' out >items
head -n 20 export | diff -u - items || fail "the items are not those exported"
[ "$(jq -r '[.format, .schema, .section, .previous, .next, .final,
    (.items | length)] | map(tostring) | join(" ")' out)" = \
    "1 stored_events 1,20 null 21,40 true 20" ] || fail "1,20: $(head -n 1 out)"
identity=$("$quipu" info --json "$a" | jq -r .identity)
[ "$(jq -r .store out)" = "$identity" ] || fail "another store: $(cat out)"
fetch /sections/current
wants 200
[ "$(jq -r '[.section, .previous, .next, .final, (.items | length)] |
    map(tostring) | join(" ")' out)" = "41,60 21,40 null false 5" ] ||
    fail "current: $(head -n 1 out)"
fetch /sections/41%2C60
wants 200 '"section":"41,60"'

# Caches keep a full section for some time, and ask for others each time.
fetch /sections/21,40
wants 200 "Cache-Control: max-age=3600, must-revalidate"
full=$(header ETag)
echo "$full" | grep -qE '^"1-20-0-[0-9a-f]{16}"$' || fail "entity tag: $full"
fetch /sections/current
wants 200 "Cache-Control: no-cache"
current=$(header ETag)
for known in "$full" "\"a\", W/$full" '*'; do
    fetch /sections/21,40 -H "If-None-Match: $known"
    wants 304 "ETag: $full"
    wants 304 "Cache-Control: max-age=3600, must-revalidate"
    [ ! -s out ] || fail "304 has a text"
done
for known in '"a"' "${full%?}" "$current"; do
    fetch /sections/21,40 -H "If-None-Match: $known"
    wants 200
done
fetch /sections/current -H "If-None-Match: $current"
wants 304
"$plant" more "$a" 1
fetch /sections/current -H "If-None-Match: $current"
wants 200 '"notification_id":46,'

# An erasure changes the tag of its section, and of no other.
fetch /sections/1,20
other=$(header ETag)
"$plant" erase "$a" 33 33
fetch /sections/21,40 -H "If-None-Match: $full"
wants 200 "ETag: \"1-20-1-"
[ "$(jq '[.items[] | select(.erased) | .notification_id, has("state")] |
    tostring' out)" = '"[33,false]"' ] ||
    { fail "item 33 is not erased"; cat out; }
fetch /sections/1,20 -H "If-None-Match: $other"
wants 304

# HEAD gives the headers of GET.
fetch /sections/1,20 --head
wants 200
size=$(header Content-Length)
[ "$(header ETag)" = "$other" ] || fail "HEAD has another entity tag"
fetch /sections/1,20
[ "$(wc -c <out)" = "$size" ] || fail "HEAD has another length"

# Names that are not those of a section, and sections that there are not yet.
fetch /sections/61,80
wants 404 '"error":"NOT_FOUND"'
wants 404 "ends at item 46"
wants 404 "Cache-Control: no-store"
for name in 1,19 2,21 0,19 01,20 1, , "" 99999999999999999999,1; do
    fetch "/sections/$name"
    wants 404 '"error":"INVALID"'
done
stop INT

# The size, and the time in caches, are chosen.
serve "$a" --port 0 --size 3 --max-age 0
fetch /sections/4,6
wants 200 "Cache-Control: no-cache"
[ "$(jq -c '[.items[].notification_id]' out)" = "[4,5,6]" ] || fail "size 3"
stop HUP

# -------------------------------------------------------------- the follower

sed -n '/^#!\/bin\/sh$/,/^```$/p' "$page" | sed '$d' >follow.sh
cat >collect.sh <<'END'
cat >>got
END

# follow: starts the script of the page, with this address.
follow()
{
    sh follow.sh "$url" position sh collect.sh 2>>follow.err &
    follower=$!
}
unfollow()
{
    kill -s TERM $follower
    status=0
    wait $follower || status=$?
    [ $status = 0 ] ||
        { fail "the follower exits with $status"; cat follow.err; }
}
has_got()
{
    [ "$(wc -l <got)" -ge "$1" ]
}
# in_order COUNT: fails unless these items were got, each once and in order.
in_order()
{
    jq .notification_id got >ids
    seq "$1" | diff ids - >differences ||
        { fail "the follower did not get 1 to $1 once"; head differences; }
}

b=$(store b)
: >got
: >follow.err
"$plant" plain "$b" 2 1
serve "$b" --port 0
("$plant" more "$b" 130 0) &
one=$!
("$plant" more "$b" 130 1) &
two=$!
follow
await $follower has_got 70
unfollow
kept=$(cat position)
follow
await $follower has_got 110
# The server is started again, at the same port.
stop
sleep 1
serve "$b" --port "${url##*:}"
wait $one $two
await $follower has_got 262
"$plant" more "$b" 3
await $follower has_got 265
unfollow
in_order 265
echo "$kept" | grep -qE '^[-0-9a-f]{36} [0-9]+,[0-9]+ [0-9]+ ' ||
    fail "the position that was kept: $kept"

# An erasure before the position is nothing new; one after it comes as such.
"$plant" more "$b" 30
"$plant" erase "$b" 290 290
"$plant" erase "$b" 5 5
follow
await $follower has_got 295
unfollow
in_order 295
[ "$(jq -c 'select(.erased) | .notification_id' got)" = 290 ] ||
    fail "the erased item is not the one"
stop

# Another store at the same address, and a log that was set back, are noticed.
c=$(store c)
"$plant" plain "$c" 1 300
serve "$c" --port "${url##*:}"
follow
status=0
wait $follower || status=$?
[ $status = 1 ] || fail "another store: the follower exits with $status"
grep -q "another store" follow.err || fail "no message about another store"
stop
in_order 295
echo "- 401,420 410 -" >position
serve "$b" --port "${url##*:}"
follow
status=0
wait $follower || status=$?
[ $status = 1 ] || fail "a log set back: the follower exits with $status"
grep -q "ends at item 295" follow.err || fail "no message about the log's end"
stop

# A server that is down, and comes back. (The test of the limits has a file that
# is locked.)
if [ "$driver" = postgres ]; then
    serve "$(echo "$b" | sed 's/timeout=[0-9]*/timeout=3000/')" --port 0
    sh -c "$QUIPU_TEST_POSTGRES_STOP" >stopped 2>&1
    for turn in 1 2; do
        fetch /sections/1,20
        wants 503 "Retry-After: 1"
        wants 503 '{"error":"IO","message":"the store cannot be read at present'
    done
    sh -c "$QUIPU_TEST_POSTGRES_START" >started 2>&1
    fetch /sections/1,20
    wants 200
    [ "$(wc -l <serve.err)" = 1 ] || { fail "not one message"; cat serve.err; }
    : >serve.err
    stop
fi

# An empty log.
d=$(store d)
"$plant" plain "$d" 0 0
serve "$d" --port 0
fetch /sections/current
wants 200 '"final":false,"items":['
[ "$(jq -c '[.section, .next, .items]' out)" = '["1,20",null,[]]' ] ||
    fail "empty: $(cat out)"
stop
finish
