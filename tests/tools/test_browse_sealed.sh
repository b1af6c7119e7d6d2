#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# browse: encrypted states stay sealed, or are opened with --keys; the keys are
# in no answer.
. "$(dirname "$0")/serve.sh"
command=browse

a=$(store a)
umask 077
secret=808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f
echo "000102030405060708090a0b0c0d0e0f $secret" >keys
echo "100102030405060708090a0b0c0d0e0f $secret" >others
"$plant" sealed "$a" keys 25

for options in "" "--keys others"; do
    # shellcheck disable=SC2086
    serve "$a" --port 0 $options
    fetch '/api/log?limit=200'
    wants 200 '"sealed":"event Sealed.Noted of sequence'
    [ "$(jq '[.items[] | select(.sealed and .state == null)] | length' out)" = \
        25 ] || fail "$options: not all states are sealed"
    ! grep -q canary out || fail "$options: a state is shown in clear"
    stop
done

serve "$a" --port 0 --keys keys
fetch /api/store
wants 200 '"keys":true'
fetch '/api/log?limit=200'
[ "$(jq -c '[.items[] | select(.opened) | .state.text][:2]' out)" = \
    '["canary 0","canary 1"]' ] || { fail "states are not opened"; cat out; }
! grep -qi "$secret" out || fail "an answer has the key"
jq -r '.. | .state_hex? // empty' out | grep -q . &&
    fail "an opened state is shown sealed, too"
# Many requests at once use the keys.
for i in 1 2 3 4 5 6 7 8; do
    (for j in 1 2 3 4 5; do
        curl -q -sS --noproxy '*' "$url/api/log?limit=200" | cksum
    done >sums.$i) &
    echo $! >>requests
done
while read -r request; do wait "$request"; done <requests
[ "$(cat sums.* | sort -u | wc -l)" = 1 ] || fail "answers differ"
stop
finish
