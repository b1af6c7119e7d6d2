#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# metrics.sh PROGRAM URI: scrapes the metrics of examples/metrics, and checks
# numbers and format; the latter by promtool, too, if that is installed. The URI
# "postgres" is that of the server of tests/postgres/with-cluster.
set -euo pipefail
program=$1 uri=$2
[ "$uri" != postgres ] || uri=$QUIPU_TEST_POSTGRES

fail()
{
    echo "$*" >&2
    exit 1
}

# get PATH: prints the answer.
get()
{
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET %s HTTP/1.0\r\nHost: x\r\n\r\n' "$1" >&3
    cat <&3
    exec 3>&-
}

# value SERIES: the value of a series, of which the labels are a part.
value()
{
    awk -v series="$1" 'index($0, series) == 1 { sum += $NF }
        END { print sum + 0 }' scraped
}

"$program" >usage || [ $? = 2 ]
grep -q METRICS_QUIPU_URI usage || fail "the usage has no variables"
if METRICS_QUIPU_URL=$uri "$program" 0 2>refused; then
    fail "an unknown variable was accepted"
fi
grep -q 'did you mean METRICS_QUIPU_URI' refused || fail "$(cat refused)"

METRICS_QUIPU_URI=$uri "$program" 0 >output 2>errors &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 600); do
    [ ! -s output ] || break
    kill -0 $server 2>/dev/null || fail "$(cat errors)"
    sleep 0.1
done
port=$(sed -n 's,^http://127.0.0.1:\([0-9]*\)/.*,\1,p' output)

for _ in 1 2 3; do
    get /other | grep -q '^HTTP/1.0 404' || fail "no 404"
done
# The consumer has processed the three requests when its position is 3; its lag
# is 0 before that, too, since it concerns the head as it was read last.
for _ in $(seq 600); do
    get /metrics >answer
    sed '1,/^\r$/d' answer >scraped
    lag=$(value quipu_consumer_lag_items)
    position=$(value 'quipu_consumer_position{')
    [ "$lag" != 0 ] || [ "$position" -lt 3 ] || break
    sleep 0.1
done
grep -q '^HTTP/1.0 200' answer || fail "no 200"
grep -q '^Content-Type: text/plain; version=0.0.4' answer || fail "no type"
[ "$lag" = 0 ] || fail "the lag is $lag"
appends=$(value 'quipu_append_queue_seconds_count{')
[ "$appends" -ge 4 ] || fail "$appends appends"
[ "$position" -ge 3 ] || fail "the position is $position"
[ "$(value 'quipu_commit_appends_sum{')" = "$appends" ] || fail "another sum"
grep -q 'consumer="printer",log="stored_events",' scraped || fail "no consumer"
if command -v promtool >/dev/null; then
    promtool check metrics <scraped || fail "promtool refuses the text"
fi
kill -TERM $server
wait $server || fail "the server failed: $(cat errors)"
trap - EXIT
[ ! -s errors ] || fail "$(cat errors)"
[ "$(grep -c '^GET /other' output)" = 3 ] || fail "the consumer lost a request"
