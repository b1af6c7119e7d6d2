#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# backup and restore, killed at each system call, leave the old state or the new
# one.
. "$(dirname "$0")/backup.sh"

plant_all "$(at a)" 2 3
exported a a.jsonl

# calls_of COMMAND...: writes a line `NAME NUMBER` for each system call that the
# command makes to the file calls, in the order in which they are made.
calls_of()
{
    traced -f -o trace "$@" >out 2>err || fail "not traced: $*"
    sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' trace |
        grep -v -e exit_group -e execve -e futex -e rt_sig |
        awk '{ print $1, ++count[$1] }' >calls
}

# kill_at NAME NUMBER COMMAND...: kills the command at its call of that name and
# number, before it is made.
kill_at()
{
    inject=$1:signal=KILL:when=$2
    shift 2
    traced -f -o trace -e trace="${inject%%:*}" -e inject="$inject" \
        "$@" >out 2>err || :
}

# left_with_wal NAME: makes a store and kills its writer, so that parts of the
# database are left beside it; its content goes to NAME.jsonl.
left_with_wal()
{
    remove_store "$1"
    cp -R a.whole "$1"
    traced -f -o trace -e trace=unlink,unlinkat \
        -e inject=unlink,unlinkat:signal=KILL:when=1 \
        "$plant" more "$(at "$1")" 5 >out 2>err || :
}
remove_store a.whole
cp -R a a.whole

# Killed at each system call, a backup has its name as a whole or not at all.
calls_of "$quipu" backup "$(at a)" k.backup
rm k.backup
named=0
while read -r name number; do
    kill_at "$name" "$number" "$quipu" backup "$(at a)" k.backup
    if [ -e k.backup ]; then
        named=$((named + 1))
        remove_store one
        expect 0 "$quipu" restore k.backup "$(at one)"
        exported one one.jsonl
        cmp a.jsonl one.jsonl || fail "killed at $name $number: a wrong backup"
    elif [ $((number % 16)) = 1 ]; then
        expect 0 "$quipu" backup --force "$(at a)" k.backup
    fi
    rm -f k.backup k.backup-*
done <calls
echo "backup: killed at $(wc -l <calls) calls, $named times with its name"
[ $named -gt 0 ] || fail "no kill after the naming"

# Killed at each system call, a restore over a store that was in use leaves the
# old store, the new one, or one that is refused until it is repeated.
left_with_wal left
remove_store kept
cp -R left kept
for part in left-*; do
    [ ! -e "$part" ] || cp "$part" "kept${part#left}"
done
exported left old.jsonl
cmp -s old.jsonl a.jsonl && fail "the killed writer has stored nothing"
"$plant" more "$(at a)" 1
exported a new.jsonl
expect 0 "$quipu" backup "$(at a)" new.backup
# fresh_target: puts the store with its left parts at k.
fresh_target()
{
    remove_store k
    cp -R kept k
    for part in kept-*; do
        [ ! -e "$part" ] || cp "$part" "k${part#kept}"
    done
}
fresh_target
calls_of "$quipu" restore --force new.backup "$(at k)"
exported k k.jsonl
cmp k.jsonl new.jsonl || fail "the restore beside a left WAL gives another"
verified k
old=0
new=0
refused=0
while read -r name number; do
    fresh_target
    kill_at "$name" "$number" "$quipu" restore --force new.backup "$(at k)"
    if exported k k.jsonl; then
        if cmp -s k.jsonl new.jsonl; then
            new=$((new + 1))
        elif cmp -s k.jsonl old.jsonl; then
            old=$((old + 1))
        else
            fail "killed at $name $number: a mixture"
        fi
    else
        grep -q "interrupted" export.err ||
            fail "killed at $name $number: $(cat export.err)"
        refused=$((refused + 1))
        expect 1 "$quipu" restore new.backup "$(at k)"
        expect 0 "$quipu" restore --force new.backup "$(at k)"
        exported k k.jsonl
        cmp k.jsonl new.jsonl || fail "killed at $name $number: not repeatable"
        verified k
    fi
done <calls
expect 0 "$quipu" restore --force new.backup "$(at k)"
echo "restore: killed at $(wc -l <calls) calls: $old old, $new new," \
    "$refused refused"
[ $old -gt 0 ] && [ $new -gt 0 ] || fail "a state was never seen"
if [ "$driver" = sqlite ]; then
    [ $refused -gt 0 ] || fail "no kill between the parts"
fi
[ -z "$(find . -name 'k-quipu*')" ] || fail "files are left beside k"
finish
