#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# outbox_redis.sh PROGRAM QUIPU URI REDIS-SERVER [EVENTS [KILLS]]: sends events
# to a stream of a private server.  The sender is killed again and again, and
# the server is started again once in the middle.  Each event must be in the
# stream at least once, in the order of the log, and after the receiver has
# sorted out what came again, exactly once (R5).
set -euo pipefail
program=$1
quipu=$2
uri=$3
redis=$4
events=${5:-3000}
kills=${6:-20}
socket=redis.sock # the path of a socket is short
server=
sender=

cleanup()
{
    [ -z "$sender" ] || kill -9 "$sender" 2>/dev/null || true
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
}
trap cleanup EXIT

# An answered command survives the end of the server.
start_server()
{
    "$redis" --port 0 --unixsocket "$socket" --dir "$PWD" --appendonly yes \
        --appendfsync always --save '' --daemonize no >redis.log 2>&1 &
    server=$!
}

start_sender()
{
    "$program" "$uri" send "$socket" 2>>sender.log &
    sender=$!
}

stop_sender()
{
    kill "-$1" "$sender" 2>/dev/null || true
    wait "$sender" 2>/dev/null || true
    sender=
}

received()
{
    "$program" "$uri" receive "$socket" >received 2>counts || true
    wc -l <received
}

start_server
"$program" "$uri" fill "$events"
for ((i = 1; i <= kills; i++)); do
    start_sender
    sleep "0.0$((RANDOM % 90 + 10))"
    if [ "$i" = $((kills / 2)) ]; then # a sender that runs sees the server go
        kill "$server"
        wait "$server" || true
        sleep 0.3
        start_server
        sleep 0.5
    fi
    stop_sender KILL
done
start_sender
while [ "$(received)" -lt "$events" ]; do
    kill -0 "$sender" || { cat sender.log; exit 1; }
    sleep 0.1
done
stop_sender TERM
received >count
cat counts

# All notification ids once, in their order, and no event id twice.
cut -d ' ' -f 1 received >ids
seq "$events" | cmp - ids
[ "$(cut -d ' ' -f 2 received | sort -u | wc -l)" = "$events" ]
# The record of a sender that was stopped is at the end.
"$quipu" consumers "$uri" >consumers
grep -q "feed" consumers
echo "$events events, $kills kills: each once, in order"
