#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clinic.sh CLINIC QUIPU DRIVER: registers patients, forgets one, searches all
# files of the stores for what is known about persons, restores a copy of the
# events of before, and a copy of the keys of before; the patient must stay
# forgotten. "postgres" is the server of tests/postgres/with-cluster.
set -euo pipefail
clinic=$1
quipu=$2
driver=$3
case $driver in
sqlite)
    events=sqlite:///events.db
    keys=sqlite:///keys.db
    copy=sqlite:///copy.db
    ;;
lmdb)
    events=lmdb:///events
    keys=lmdb:///keys
    copy=lmdb:///copy
    ;;
postgres)
    events="$QUIPU_TEST_POSTGRES&namespace=events"
    keys="$QUIPU_TEST_POSTGRES&namespace=keys"
    copy="$QUIPU_TEST_POSTGRES&namespace=copy"
    ;;
esac
folders=(.)
[ "$driver" != postgres ] || folders+=("$PGHOST")

fail()
{
    echo "$*"
    exit 1
}

# known NUMBER: prints the line of a patient who was not forgotten.
known()
{
    printf 'p%s: Canary-Person-%s, born 195%s, treated 2 times, ' "$1" "$1" "$1"
    printf 'last for Canary-Eyes-%s\n' "$1"
}

# run COMMAND...: shows a command of the clinic, and runs it.
run()
{
    echo "\$ quipu-clinic $2 $3 ${*:4}"
    "$@"
}

# expect TEXT COMMAND...: the output of the clinic contains the line.
expect()
{
    local line=$1
    shift
    run "$@" >out 2>&1 || fail "$*: $(cat out)"
    cat out
    grep -qxF "$line" out || fail "$*: no line \"$line\" in: $(cat out)"
}

# search COUNT TEXT: so many files of the stores contain the text; "+": some.
search()
{
    local found
    found=$({ grep -rlaF --exclude=out -- "$2" "${folders[@]}" 2>/dev/null ||
        true; } | wc -l)
    echo "$driver: $2 in $found files"
    if [ "$1" = + ]; then
        [ "$found" -gt 0 ] || fail "$2 is in no file: the search is wrong"
    else
        [ "$found" = "$1" ] || fail "$2 is in $found files"
    fi
}

head -c 48 /dev/urandom >master.key
export CLINIC_MASTER_KEY=master.key
for i in 1 2 3 4 5; do
    "$clinic" "$events" "$keys" register "p$i" "Canary-Person-$i" "195$i"
    "$clinic" "$events" "$keys" treat "p$i" Surgery-Ward "Canary-Illness-$i"
    "$clinic" "$events" "$keys" treat "p$i" Eye-Ward "Canary-Eyes-$i"
done
expect "$(known 3)" "$clinic" "$events" "$keys" list
"$quipu" copy "$events" "$copy" >/dev/null # a backup of the events
if [ "$driver" != postgres ]; then
    for each in keys*; do cp -r "$each" "old-$each"; done
fi

run "$clinic" "$events" "$keys" forget p3
run "$clinic" "$events" "$keys" forget p3
gone="p3: (gone), born 1953, treated 2 times, last for (gone)"
expect "$gone" "$clinic" "$events" "$keys" list
expect "$(known 4)" "$clinic" "$events" "$keys" list
expect "Eye-Ward: 5 treatments, mean age 67" \
    "$clinic" "$events" "$keys" statistics 2020
! "$clinic" "$events" "$keys" treat p3 Eye-Ward again 2>out ||
    fail "a forgotten patient was treated"
grep -q "has been forgotten" out || fail "$(cat out)"
"$quipu" verify "$events" >out || fail "verify: $(cat out)"
rm -f out

search + Surgery-Ward # in clear, so that the search is known to work
search 0 Canary-

echo "$driver: a copy of the events of before"
expect "$gone" "$clinic" "$copy" "$keys" list
if [ "$driver" != postgres ]; then
    echo "$driver: the keys of before"
    for each in keys*; do
        rm -rf "$each"
        cp -r "old-$each" "$each"
    done
    expect "$gone" "$clinic" "$events" "$keys" list
fi
rm -f out
search 0 Canary-
! CLINIC_MASTER_KEY=/dev/null "$clinic" "$events" "$keys" list 2>/dev/null ||
    fail "opened without a master key"
head -c 48 /dev/urandom >master.key
! "$clinic" "$events" "$keys" list >out 2>&1 ||
    fail "opened with another master key"
grep -q "wrapped by the master key" out || fail "$(cat out)"
echo "$driver: forgotten in the store, its copy and with the old keys"
