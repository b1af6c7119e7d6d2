#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# browse: requests that are refused, requests that wait for new events, a search
# in a long log, --open, and the end.
. "$(dirname "$0")/serve.sh"
command=browse
command -v python3 >found || {
    echo "needs python3" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}
here=$(dirname "$0")

a=$(store a)
"$plant" plain "$a" 1 30
serve "$a" --port 0
port=${url##*:}

# ---------------------------------------------------------------- requests

for path in /index.html //api/log /api /api/log/ /API/log /../api/log \
    /api/%2e%2e/log '/api/log%00' /favicon.ico /page.c; do
    fetch "$path"
    wants 404 '"error":"NOT_FOUND"'
done
for method in POST PUT DELETE PATCH OPTIONS get; do
    for path in / /api/log; do
        fetch $path -X $method
        wants 405 "Allow: GET, HEAD"
    done
done
fetch /api/log -X GET -d body
wants 400

# A page on another site reads nothing: by DNS rebinding, or by a request of its
# own, for whose answer it has no right either.
for host in evil.com evil.com:$port localhost.evil.com 0.0.0.0; do
    for path in / /main.js /api/store /api/log; do
        fetch $path -H "Host: $host"
        wants 403 '"error":"DENIED"'
    done
done
for site in cross-site same-site; do
    fetch /api/log -H "Sec-Fetch-Site: $site"
    wants 403 "of another site"
    ! grep -q items out || fail "the refusal has items"
done
for site in same-origin none; do
    fetch /api/log -H "Sec-Fetch-Site: $site"
    wants 200
done
fetch / -H "Sec-Fetch-Site: cross-site" # a link to the page
wants 200
fetch /api/log -H "Origin: http://evil.com"
! grep -qi access-control headers || fail "another origin may read"
fetch "/api/log?topic=$(printf '%020000d' 0)"
wants 414

# ------------------------------------------------------------ new events

# wait_for NAME AFTER: asks in the background for what comes behind an event.
wait_for()
{
    curl -q -sS --noproxy '*' -o "$1" "$url/api/log?after=$2&wait=25" &
    echo $! >"$1.pid"
}
began=$(date +%s)
wait_for answer 30
sleep 1
"$plant" more "$a" 2
wait "$(cat answer.pid)" || fail "no answer"
[ "$(jq -c '[.items[].notification_id][0], .waited' answer)" = "31
true" ] || { fail "the new event"; cat answer; }
[ $(($(date +%s) - began)) -lt 20 ] || fail "the answer came late"

# Of many clients 16 wait, and the others are answered at once.
for i in $(seq 20); do
    wait_for "waiting.$i" 32
done
refused()
{
    cat waiting.[0-9] waiting.[0-9][0-9] 2>/dev/null |
        grep -c '"waited":false'
}
await "$server" eval '[ "$(refused)" -gt 0 ]'
sleep 2
[ "$(refused)" = 4 ] || fail "$(refused) of 20 clients do not wait"
fetch '/api/log?after=32&wait=20'
wants 200 '"waited":false'
# Those that have gone away make room.
left=
for i in $(seq 20); do
    if [ -s "waiting.$i" ]; then
        wait "$(cat "waiting.$i.pid")" || fail "client $i got no answer"
    elif [ "${gone-0}" -lt 2 ]; then
        kill "$(cat "waiting.$i.pid")"
        gone=$((${gone-0} + 1))
    else
        left="$left $i"
    fi
done
has_room()
{
    fetch '/api/log?after=32&wait=1'
    grep -q '"waited":true' out
}
began=$(date +%s)
await "$server" has_room
[ $(($(date +%s) - began)) -lt 10 ] || fail "there is room late"
# The end answers all that wait.
began=$(date +%s)
stop
[ $(($(date +%s) - began)) -lt 15 ] || fail "the end came late"
for i in $left; do
    wait "$(cat "waiting.$i.pid")" || fail "client $i got no answer"
    [ "$(jq -c .items "waiting.$i")" = "[]" ] || fail "client $i"
done

# ------------------------------------------------------------- a long log

python3 "$here/browse_items.py" long >long.jsonl
expect 0 sh -c '"$1" import "$2" <long.jsonl' sh "$quipu" "$(store long)"
serve "$(store long)" --port 0
fetch '/api/log?topic=Rare&order=desc'
[ "$(jq -c '[.items, .through, .more]' out)" = '[[],501,true]' ] ||
    { fail "the first part of a search"; cat out; }
fetch '/api/log?topic=Rare&order=desc&before=501'
[ "$(jq -c '[.items[0].notification_id, .through, .more]' out)" = \
    '[1,1,false]' ] || { fail "the second part of a search"; cat out; }
fetch '/api/log?topic=Rare&after=1'
[ "$(jq -c '[.items, .through, .more]' out)" = '[[],100001,true]' ] ||
    { fail "a search forwards"; cat out; }
stop

# ------------------------------------------------------------------- start

for wrong in "--port 65536" "--port -1" "--idle 0" "--idle 3601"; do
    # shellcheck disable=SC2086
    expect 2 "$quipu" browse "$a" $wrong
    complains "${wrong% *} takes a number"
done
expect 2 "$quipu" browse "$a" --listen 0.0.0.0
complains "unknown option"
expect 1 "$quipu" browse "$(store missing)" --port 0
complains missing
expect 1 "$quipu" browse "$a" --port 0 --schema frobnicate
complains "it has: stored_events"
serve "$a" --port 0
expect 1 "$quipu" browse "$a" --port "${url##*:}"
complains "port ${url##*:} of 127.0.0.1 is in use"
case $url in
http://127.0.0.1:*) ;;
*) fail "the URL is $url" ;;
esac
stop

# --open starts xdg-open; without it there is a message, and the page all the
# same.
mkdir bin
cat >bin/xdg-open <<'END'
#!/bin/sh
echo noise
echo "$@" >opened
END
chmod +x bin/xdg-open
kept=$PATH
PATH=$PWD/bin:$PATH
serve "$a" --port 0 --open
PATH=$kept
await "$server" test -s opened
[ "$(cat opened)" = "$url" ] || fail "opened: $(cat opened)"
[ "$(wc -l <url)" = 1 ] || fail "xdg-open writes to standard output"
fetch /api/store
wants 200
grep -q noise serve.err && : >serve.err
stop
: >url
env PATH=/nowhere "$quipu" browse "$a" --port 0 --open >url 2>serve.err &
server=$!
await $server grep -q '^http' url
await $server grep -q "cannot start xdg-open" serve.err
url=$(cat url)
fetch /api/store
wants 200
: >serve.err
stop
finish
