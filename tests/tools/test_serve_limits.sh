#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# serve: requests that are refused, clients that are slow or many, addresses and
# stores that cannot be used, and the end while requests are answered.
. "$(dirname "$0")/serve.sh"
for program in bash python3; do
    command -v $program >found || {
        echo "needs $program" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
        exit 77
    }
done

a=$(store a)
"$plant" plain "$a" 1 30
serve "$a" --port 0
port=${url##*:}

# ---------------------------------------------------------------- requests

for path in / /sections /sections/1,20/ /sections/1,20%00 /sections/%00 \
    /Sections/1,20 //sections/1,20 /sections/../sections/1,20 \
    /../../../etc/passwd /sections/%2e%2e/%2e%2e/etc/passwd /sections/current2 \
    "/sections/1,20%0d%0aX:y" /sections/%s%n /favicon.ico; do
    fetch "$path"
    wants 404 '"error":"NOT_FOUND"'
done
fetch '/sections/1,20?x=y'
wants 200
for method in POST PUT DELETE PATCH OPTIONS FROBNICATE get; do
    fetch /sections/1,20 -X $method
    wants 405 "Allow: GET, HEAD"
    fetch /sections/1,20 -X $method -d body
    wants 405 '"error":"UNSUPPORTED"'
done
fetch /sections/1,20 -X GET -d body
wants 400 '"error":"INVALID"'
fetch /sections/1,20 -X GET -H 'Transfer-Encoding: chunked' -d body
wants 400

# A page on another site cannot read the log by DNS rebinding.
for host in evil.com evil.com:$port localhost.evil.com 127.0.0.1.evil.com \
    localhost:80x 128.0.0.1 0.0.0.0 '[::2]' '[::1' '[::1]x' 'x@localhost' \
    127.0.0.1@evil.com 2130706433; do
    fetch /sections/1,20 -H "Host: $host"
    wants 403 '"error":"DENIED"'
    fetch / -X POST -H "Host: $host"
    wants 403
done
for host in localhost LocalHost localhost:1 127.0.0.1 127.3.2.1:80 '[::1]' \
    '[::1]:9'; do
    fetch /sections/1,20 -H "Host: $host"
    wants 200
done
fetch /sections/1,20 --http1.0 -H 'Host:'
wants 200

# Heads that are too long.
long=$(printf '%020000d' 0)
fetch "/sections/$long"
wants 414
fetch /sections/1,20 -H "X: $long"
wants 431
# Bytes that are not HTTP.
bash -c 'exec 3<>/dev/tcp/127.0.0.1/$1
    printf "\026\003\001\001 garbage\r\n\r\n" >&3
    timeout 60 cat <&3' bash "$port" >garbage ||
    fail "the connection was not closed"
fetch /sections/1,20
wants 200

# Several requests on one connection, one of them refused.
curl -q -sS --noproxy '*' -w '%{http_code} %{num_connects}\n' -o out1 -o out2 \
    -o out3 "$url/sections/1,20" "$url/sections/1,19" "$url/sections/1,20" \
    >codes
[ "$(paste -sd' ' codes)" = "200 1 404 0 200 0" ] ||
    fail "one connection: $(cat codes)"
stop

# An address that is not the loopback's is reached by any name.
serve "$a" --port 0 --listen 0.0.0.0
url=http://127.0.0.1:${url##*:}
fetch /sections/1,20 -H "Host: events.example"
wants 200
stop
if grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null; then
    serve "$a" --port 0 --listen ::1
    case $url in
    http://\[::1\]:*) ;;
    *) fail "the URL of ::1 is $url" ;;
    esac
    fetch /sections/1,20
    wants 200
    fetch /sections/1,20 -H "Host: evil.com"
    wants 403
    stop
fi

# ------------------------------------------------------------------- start

expect 2 "$quipu" serve "$a" --listen localhost
complains "takes an IP address"
for wrong in "--port 65536" "--port -1" "--idle 0" "--idle 3601" "--size 0" \
    "--size 10001" "--max-age -1"; do
    # shellcheck disable=SC2086
    expect 2 "$quipu" serve "$a" $wrong
    complains "${wrong% *} takes a number"
done
serve "$a" --port 0
expect 1 "$quipu" serve "$a" --port "${url##*:}"
complains "port ${url##*:} of 127.0.0.1 is in use"
stop
expect 1 "$quipu" serve "$a" --port 0 --listen 192.0.2.1
complains "not an address of this machine"
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 1 ]; then
    set -- "$quipu" serve "$a" --port 1
    [ "$(id -u)" != 0 ] ||
        set -- setpriv --bounding-set=-net_bind_service \
            --inh-caps=-net_bind_service "$@"
    expect 1 "$@"
    complains "port 1 of 127.0.0.1 needs a privilege"
fi
expect 1 "$quipu" serve "$(store missing)" --port 0
complains missing
expect 1 "$quipu" serve "$a" --port 0 --schema frobnicate
complains "it has: stored_events"
"$plant" sparse "$a"
expect 2 "$quipu" serve "$a" --port 0
complains "name one with --schema"
serve "$a" --port 0 --schema sparse
fetch /sections/current
wants 200 '"schema":"sparse"'
stop
if [ -e /dev/full ]; then
    status=0
    timeout 500 "$quipu" serve --schema sparse "$a" --port 0 >/dev/full 2>err ||
        status=$?
    [ $status = 1 ] || fail "a full device exits with $status"
    complains "cannot write"
fi

# ------------------------------------------------------------ busy and end

# A process that has the store open and has written to it, so that readers use
# its WAL.
mkfifo held
"$quipu" import --schema stored_events --as more "$a" <held >import 2>&1 &
writer=$!
exec 8>held
"$quipu" export --schema stored_events "$a" | sed '$d' >&8
await $writer test -s a.db-wal

# lock: makes each reader of the SQLite file wait, by the locks of its WAL index
# that readers take; unlock ends that.
cat >lock.py <<'END'
import fcntl, os, time
with open("a.db-shm", "r+b") as index:
    fcntl.lockf(index, fcntl.LOCK_EX, 5, 123)
    open("locked", "w").close()
    while not os.path.exists("unlock"):
        time.sleep(0.01)
END
lock()
{
    rm -f locked unlock
    python3 lock.py &
    locker=$!
    await $locker test -e locked
}
unlock()
{
    : >unlock
    wait $locker || fail "the lock failed"
}

serve "sqlite:///a.db?timeout=100" --port 0 --schema stored_events
fetch /sections/1,20
wants 200
lock
# SQLite itself tries for 10 seconds.
curl -q -sS --noproxy '*' "$url/sections/current" >other &
request=$!
fetch /sections/1,20
wants 503 "Retry-After: 1"
wants 503 '"error":"'
wait $request
unlock
grep -q '"error":"' other || { fail "an answer without the lock"; cat other; }
! grep -F a.db out other || fail "an answer has the name of a file"
[ "$(wc -l <serve.err)" = 1 ] || { fail "not one message"; cat serve.err; }
grep -q "a.db" serve.err ||
    { fail "the message lacks the store"; cat serve.err; }
fetch /sections/1,20
wants 200
: >serve.err
stop

# A request that is waiting for the store at SIGTERM is answered; then the
# connection is closed, and the server ends.
serve "$a" --port 0 --schema stored_events
lock
(
    failures=0
    fetch /sections/1,20 --trace-ascii trace
    wants 200 "Connection: close"
    exit "$failures"
) >request 2>&1 &
request=$!
await $request grep -qs 'Send header' trace
sleep 2
kill -s TERM $server
sleep 1
kill -0 $server || fail "the server ended before its request"
fetch /sections/1,20 # on a new connection
wants 000
unlock
wait $request || { fail "the request was not answered"; cat request; }
status=0
wait $server || status=$?
[ $status = 0 ] || fail "the server exits with $status"

# After a second signal the connection is closed without an answer.
serve "sqlite:///a.db?timeout=20000" --port 0 --schema stored_events --idle 600
lock
rm trace
(
    failures=0
    fetch /sections/1,20 --trace-ascii trace
    wants 000
    exit "$failures"
) >request 2>&1 &
request=$!
await $request grep -qs 'Send header' trace
sleep 2
kill -s TERM $server
sleep 1
kill -s TERM $server
sleep 1
unlock
wait $server || fail "the server exits with $?"
wait $request || { fail "the request was answered"; cat request; }
exec 8>&-
wait $writer || : # its input is no complete export
finish
