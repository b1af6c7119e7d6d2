#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# serve: encrypted states are handed out sealed, or opened with --keys; the keys
# are in no answer, and other keys give other entity tags.
. "$(dirname "$0")/serve.sh"

a=$(store a)
umask 077
secret=808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f
echo "000102030405060708090a0b0c0d0e0f $secret" >keys
echo "100102030405060708090a0b0c0d0e0f $secret" >others
"$plant" sealed "$a" keys 25

# states: prints the states of the last answer, as bytes.
states()
{
    jq -r '.items[].state' out | while read -r state; do
        echo "$state" | base64 -d
    done
}
# no_secret: fails if the last answer has the key.
no_secret()
{
    ! cat headers out | grep -qi "$secret" || fail "an answer has the key"
    ! states | od -An -tx1 -v | tr -d ' \n' | grep -q "$secret" ||
        fail "a state has the key"
}

serve "$a" --port 0
fetch /sections/1,20
wants 200
stored=$(header ETag)
! states | grep -q canary || fail "a state is handed out opened"
no_secret
stop

serve "$a" --port 0 --keys keys
fetch /sections/1,20
wants 200
opened=$(header ETag)
[ "$(states | grep -ao canary | wc -l)" = 20 ] || fail "states are not opened"
no_secret
[ "$opened" != "$stored" ] || fail "opened states have the tag of sealed ones"
fetch /sections/1,20 -H "If-None-Match: $stored"
wants 200
fetch /sections/1,20 -H "If-None-Match: $opened"
wants 304
# Many requests at once use the keys.
for i in 1 2 3 4 5 6 7 8; do
    (for j in 1 2 3 4 5; do
        curl -q -sS --noproxy '*' "$url/sections/1,20" | cksum
    done >sums.$i) &
    echo $! >>requests
done
while read -r request; do wait "$request"; done <requests
[ "$(cat sums.* | sort -u | wc -l)" = 1 ] || fail "answers differ"
stop

serve "$a" --port 0 --keys others
fetch /sections/1,20
wants 200
! states | grep -q canary || fail "a state is opened with another key"
[ "$(header ETag)" != "$opened" ] || fail "other keys have the same tag"
stop
finish
