#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# erase, killed at system calls: each commit has erased all of its 1,000 events
# or none (E4), and the same command continues (E3).
. "$(dirname "$0")/lib.sh"
case $driver in
sqlite) call=pwrite64 ;;
lmdb) call=fdatasync ;;
postgres) call=sendto ;;
esac

a=$(store a)
"$plant" plain "$a&durability=relaxed" 1 2500

# begun NAME: makes a store with the events.
begun()
{
    expect 0 "$quipu" copy "$a" "$(store "$1")&durability=relaxed"
}

# all NAME: prints the content of a store without its identity.
all()
{
    "$quipu" export "$(store "$1")" | sed 1d
}

# erase NAME: erases the events of the store.
erase()
{
    "$quipu" erase --yes --sequence $zero --json "$(store "$1")"
}

begun whole
traced -f -o trace -e trace=$call "$quipu" erase --yes --sequence $zero \
    "$(store whole)" >out 2>err || { fail "not traced"; cat err; }
calls=$(grep -c "$call(" trace) || :
all whole >whole.jsonl
[ "$(grep -c '"erased":true' whole.jsonl)" = 2500 ] || fail "not all are erased"

between=0
kills=0
at=1
while [ $at -le "$calls" ]; do
    name=k$at
    begun $name
    traced -f -o trace -e trace=$call -e inject=$call:signal=KILL:when=$at \
        "$quipu" erase --yes --sequence $zero "$(store $name)" \
        >out 2>err || kills=$((kills + 1))
    expect 0 "$quipu" verify "$(store $name)"
    expect 0 "$quipu" erase --dry-run --sequence $zero --json "$(store $name)"
    left=$(sed 's/.*"erasable":\([0-9]*\).*/\1/' out)
    case $left in
    1500 | 500) between=$((between + 1)) ;;
    2500 | 0) ;;
    *) fail "killed at $call $at: $left events are left" ;;
    esac
    erase $name >out 2>err || { fail "killed at $call $at: refused"; cat err; }
    says "\"erased\":$left}"
    all $name | cmp - whole.jsonl ||
        fail "killed at $call $at: not all are erased"
    at=$((at + (calls + 15) / 16))
done
echo "$kills kills at $calls calls of $call, $between between two commits"
[ $kills -gt 0 ] && [ $between -gt 0 ] || fail "no kill between two commits"
finish
