#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# howto.sh HOWTO FOLDER DRIVER [PROGRAM]: runs each program of examples/howto,
# whose sources are in FOLDER, on a new store of the driver, and compares its
# output with the lines behind "Prints:" in the comment at the head of its file.
# A comment that says "On SQLite." restricts a program to that driver; backups
# are of SQLite and LMDB. PROGRAM is left out.
. "$(dirname "$0")/../lib.sh"
howto=$1
folder=$2
driver=$3
without=${4-}
count=0

# The key file of docs/sealing.md.
random()
{
    od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}
(umask 077 && echo "$(random 16) $(random 32)" >quipu.keys)

for source in "$folder"/*.c; do
    name=$(basename "$source" .c)
    awk '/\*\/$/ { if (inside) { exit } }
        inside && NF > 1 { sub(/^ \*     /, ""); print }
        /Prints:$/ { inside = 1 }' "$source" >expected
    [ -s expected ] || continue # main.c, and what all share
    case $driver in
    sqlite) uri="sqlite:///$name.db" ;;
    lmdb) uri="lmdb:///$name" ;;
    postgres) uri="$QUIPU_TEST_POSTGRES&schema=$name" ;;
    esac
    if [ "$driver" != sqlite ] && grep -q 'On SQLite\.' "$source"; then
        continue
    fi
    [ "$driver-$name" != postgres-backup ] || continue
    [ "$name" != "$without" ] || continue
    expect 0 "$howto" "$name" "$uri"
    diff expected out || fail "$name prints something else"
    count=$((count + 1))
done
[ "$count" -ge 20 ] || fail "only $count programs"
finish
