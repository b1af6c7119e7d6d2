#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# serve.sh BUILD [ITEMS [SIZE [ROUNDS]]]: measures reading the sections of a log
# in process, and over HTTP from `quipu serve`, by one curl and by four at a
# time, on the loopback interface. Prints sections and items a second, and the
# ratio to reading in process. BUILD is a folder with the tests built.
set -eu
build=$(cd "$1" && pwd)
items=${2:-10000} size=${3:-20} rounds=${4:-5}
quipu=$build/bin/quipu
plant=$build/tests/bin/test_tools_plant
QUIPU_DRIVER_PATH=$(echo "$build"/lib/quipu/drivers/*)
export QUIPU_DRIVER_PATH

folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || :; rm -rf -- "$folder"' EXIT
cd "$folder"
"$plant" plain "sqlite:///a.db?durability=relaxed" 10 $((items / 10))
"$quipu" serve --port 0 --size "$size" sqlite:///a.db >url &
server=$!
while ! [ -s url ]; do
    kill -0 $server 2>/dev/null || { echo "serve.sh: no server" >&2; exit 1; }
    sleep 0.01
done
url=$(cat url)

# requests: the configuration of a curl that reads each full section.
awk -v items="$items" -v size="$size" -v url="$url" 'BEGIN {
    for (first = 1; first + size - 1 <= items; first += size)
        printf "url=%s/sections/%d,%d\noutput=/dev/null\n", url, first,
            first + size - 1
}' >requests
count=$((items / size))

# show NAME SECONDS SECTIONS: a line of the table. The first is that in process.
show()
{
    awk -v name="$1" -v seconds="$2" -v sections="$3" -v size="$size" \
        -v base="${base-}" 'BEGIN {
        rate = sections / seconds
        printf "%-22s %10.0f sections/s %12.0f items/s   ratio %.2f\n", name,
            rate, rate * size, base == "" ? 1 : rate / base
    }'
}
seconds()
{
    date +%s.%N
}

echo "$items items, sections of $size, $rounds rounds"
"$plant" sections "sqlite:///a.db?readonly=yes" "$size" "$rounds" >inside
read -r elapsed sections <inside
show "in process" "$elapsed" "$sections"
base=$(awk -v s="$sections" -v e="$elapsed" 'BEGIN { print s / e }')
for clients in 1 4; do
    begin=$(seconds)
    pids=
    for client in $(seq "$clients"); do
        (for round in $(seq "$rounds"); do
            curl -q -sS --fail --fail-early --noproxy '*' -K requests
        done) &
        pids="$pids $!"
    done
    for pid in $pids; do
        wait "$pid"
    done
    elapsed=$(echo "$(seconds) $begin" | awk '{ print $1 - $2 }')
    show "HTTP, $clients client(s)" "$elapsed" $((count * rounds * clients))
done
