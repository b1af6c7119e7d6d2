#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_leaves_nothing.sh QUIPU-BENCH DRIVER: the output has spreads and loads,
# the drawing has all ratios, and the stores of a run are removed however it
# ends: by the run itself, or after SIGKILL by the next run.
. "$(dirname "$0")/../lib.sh"
bench=$1
driver=$2

# left: prints the folders and schemas that runs have made and not removed.
left()
{
    find . -name 'quipu-bench-*' -prune
    [ "$driver" != postgres ] || psql -XAtc "SELECT nspname FROM pg_namespace
        WHERE nspname LIKE 'quipu\\_bench\\_%'"
}

# nothing_left EVENT: fails if a run has left anything.
nothing_left()
{
    left >left
    [ ! -s left ] || { fail "left after $1:"; cat left; }
}

expect 0 "$bench" --rounds 1 --json one.jsonl --plot one.svg \
    "$driver.append.100"
xmllint --noout one.svg
[ "$(grep -c '<rect' one.svg)" = "$(wc -l <one.jsonl)" ] ||
    { fail "not each ratio is drawn"; cat one.svg; }
grep -q 'load average [0-9.]* on [0-9]* processors' out ||
    fail "the load is missing"
grep -q "\"$driver.append.100\",.*,\"ratio\":[0-9.]*,\"ratio_low\":[0-9.]*,\
\"ratio_high\":[0-9.]*,\"load\":[0-9.]*,\"unit\":\"events/s\"}" one.jsonl ||
    { fail "the spread or the load is missing"; cat one.jsonl; }
nothing_left "a run"

# Its events have a vault in a second store.
if "$bench" --list | grep -q "^$driver.sealing"; then
    expect 0 "$bench" --rounds 1 --json sealed.jsonl \
        "$driver.sealing.append.100"
    [ "$(grep -c '"unit":"ns/event"' sealed.jsonl)" = 5 ] ||
        { fail "the figures of five variants are missing"; cat sealed.jsonl; }
    nothing_left "a run with sealed events"
fi

expect 0 "$bench" --growth 10000 --json growth.jsonl "$driver"
grep -q "10000 items will take up to 6 MB" err ||
    { fail "the size is missing"; cat err; }
for figure in load size read.10 scan scan.memory append.1; do
    grep -q "\"$driver.growth.10000.$figure\",\"quipu\":" growth.jsonl ||
        fail "the figure $figure is missing"
done
nothing_left "growing"

# A run makes a folder, and on a server a schema.
expected_left=1
[ "$driver" != postgres ] || expected_left=2
is_measuring()
{
    [ "$(left | wc -l)" -ge $expected_left ]
}

# SIGINT and SIGTERM end the run by the signal, after it has removed its stores.
# After SIGKILL the next run removes them.
for signal in INT TERM KILL; do
    env --default-signal=INT "$bench" --rounds 32 "$driver" >out 2>err &
    run=$!
    await $run is_measuring
    kill -s $signal $run
    status=0
    wait $run || status=$?
    [ "$status" -gt 128 ] || fail "status $status after $signal"
    [ $signal != KILL ] || continue
    nothing_left $signal
done
# The kernel kills the child of the killed run, but perhaps not at once.  A run
# that was killed at its begin has left a folder without a file.
[ -n "$(left)" ] || fail "the killed run has left nothing"
mkdir quipu-bench-begins
runs=0
while [ -n "$(left)" ] && [ $runs -lt 20 ]; do
    expect 0 "$bench" --growth 10000 "$driver"
    runs=$((runs + 1))
done
nothing_left "20 runs after KILL"
finish
