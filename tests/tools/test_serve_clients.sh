#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# serve: clients that send nothing, or a byte now and then, lose their
# connection, and more than 64 cannot keep the server from the others for long.
. "$(dirname "$0")/serve.sh"

a=$(store a)
"$plant" plain "$a" 1 30
serve "$a" --port 0 --idle 2
port=${url##*:}

# connect: opens a connection; sets $fd.
connect()
{
    exec {fd}<>"/dev/tcp/127.0.0.1/$port"
}
# ends FD: fails unless the server closes the connection within a minute.
ends()
{
    number=$1
    status=0
    IFS= read -r -t 60 -u "$number" -d '' rest || status=$?
    [ $status = 1 ] || fail "the connection is open ($status): $rest"
    exec {number}>&-
}

# Nothing; a part of a head; an answer, and then nothing.
connect
ends "$fd"
connect
printf 'GET /sections/1,20 HTTP/1.1\r\nHost:' >&"$fd"
ends "$fd"
connect
printf 'GET /sections/1,20 HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"$fd"
ends "$fd"
[[ $rest == 'HTTP/1.1 200'* ]] || fail "no answer: $rest"

# A byte every half second, for ever.
connect
(
    trap '' PIPE
    printf 'GET /sections/1,20 HTTP/1.1\r\nX: ' >&"$fd"
    while printf x >&"$fd"; do sleep 0.5; done
) 2>/dev/null &
trickle=$!
SECONDS=0
ends "$fd"
kill $trickle 2>/dev/null || :
wait $trickle || :
echo "a byte every half second: closed after $SECONDS s"

# connect_64: opens 64 connections; sets $fds.
connect_64()
{
    fds=()
    for ((i = 0; i < 64; i++)); do
        connect
        fds+=("$fd")
    done
}

# 64 connections that send nothing cannot last.
connect_64
fetch /sections/1,20
SECONDS=0
while [ "$code" != 200 ] && [ $SECONDS -lt 60 ]; do
    sleep 0.2
    fetch /sections/1,20
done
wants 200
echo "after 64 silent connections: answered after $SECONDS s"
for fd in "${fds[@]}"; do
    ends "$fd"
done
stop

# While they last a further one is closed; after the end of one it is answered.
serve "$a" --port 0 --idle 3600
port=${url##*:}
connect_64
fetch /sections/1,20
wants 000
exec {fd}>&-
await "$server" eval 'fetch /sections/1,20; [ "$code" = 200 ]'

# Connections without a request do not delay the end.
SECONDS=0
stop
[ $SECONDS -lt 30 ] || fail "silent connections delay the end: $SECONDS s"
finish
