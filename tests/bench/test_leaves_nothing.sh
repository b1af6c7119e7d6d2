#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_leaves_nothing.sh QUIPU-BENCH DRIVER: figures are told with how far they
# can be trusted; and whatever ends a run, nothing is left of it, or the next
# one removes it.
. "$(dirname "$0")/../lib.sh"
bench=$1
driver=$2

# left: what runs have made and not removed.
left()
{
    find . -name 'quipu-bench-*' -prune
    [ "$driver" != postgres ] || psql -XAtc "SELECT nspname FROM pg_namespace
        WHERE nspname LIKE 'quipu\\_bench\\_%'"
}

# nothing_left AFTER
nothing_left()
{
    left >left
    [ ! -s left ] || { fail "left after $1:"; cat left; }
}

expect 0 "$bench" --rounds 1 --json one.jsonl "$driver.append.100"
grep -q 'load average [0-9.]* on [0-9]* processors' out || fail "no load"
grep -q "\"$driver.append.100\",.*,\"ratio\":[0-9.]*,\"ratio_low\":[0-9.]*,\
\"ratio_high\":[0-9.]*,\"load\":[0-9.]*,\"unit\":\"events/s\"}" one.jsonl ||
    { fail "no spread, or no load"; cat one.jsonl; }
nothing_left "a run"

expect 0 "$bench" --growth 10000 --json growth.jsonl "$driver"
grep -q "10000 items will take up to 6 MB" err || { fail "no size"; cat err; }
for figure in load size read.10 scan scan.memory append.1; do
    grep -q "\"$driver.growth.10000.$figure\",\"quipu\":" growth.jsonl ||
        fail "no $figure"
done
nothing_left "growing"

# A folder, and on a server a schema.
things=1
[ "$driver" != postgres ] || things=2
is_measuring()
{
    [ "$(left | wc -l)" -ge $things ]
}

# INT and TERM are obeyed as if nobody had taken them; only KILL leaves work for
# the next one.
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
# Its child, which dies with it, may take a while.
[ -n "$(left)" ] || fail "nothing was left to be removed"
while [ -n "$(left)" ]; do
    expect 0 "$bench" --growth 10000 "$driver"
done
finish
