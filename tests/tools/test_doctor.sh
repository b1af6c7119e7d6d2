#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# doctor: versions, drivers, a store that is well, and what can be wrong.
. "$(dirname "$0")/lib.sh"

expect 0 "$quipu" doctor
says "ok       quipu"
says "ok       driver        sqlite: sqlite "
says "container"
QUIPU_DRIVER_PATH=/nowhere:${QUIPU_DRIVER_PATH-} expect 0 "$quipu" doctor
says "note     environment   QUIPU_DRIVER_PATH is set: drivers are searched"
mkdir drivers
echo garbage >drivers/garbage.so
QUIPU_DRIVER_PATH=$PWD/drivers:${QUIPU_DRIVER_PATH-} expect 1 "$quipu" doctor
says "fault    driver        garbage: "

a=$(store a)
"$plant" plain "$a" 2 3
expect 0 "$quipu" doctor "$a"
quiet
says "ok       schema        stored_events has 6 items; its head was read in "
! grep -E "^(warning|fault)" out >wrong ||
    ! grep -v "disk\|file system" wrong ||
    { fail "a store that is well has findings"; cat out; }
expect 0 "$quipu" doctor --json "$a"
says '{"state":"ok","subject":"schema","finding":"stored_events has 6 items; '
[ "$driver" != postgres ] || { finish; exit; }
file=a.db
[ "$driver" = sqlite ] || file=a/data.mdb
says "\"subject\":\"permissions\",\"finding\":\"user id $(id -u) may read and "

# It changes nothing.
before=$(cksum $file)
expect 0 "$quipu" doctor "$a"
[ "$(cksum $file)" = "$before" ] || fail "doctor changed the store"

# A process that has the store open; the files beside it.
"$quipu" log --follow "$a" >followed 2>err &
follower=$!
await $follower grep -q Happened followed
expect 0 "$quipu" doctor "$a"
says "ok       processes     the store is open in $follower"
kill -s TERM $follower
wait $follower || fail "the follower ends with $?"
expect 0 "$quipu" doctor "$a"
says "the store is open in none"

expect 1 "$quipu" doctor "$(store missing)"
says "fault    files         missing"
says "fault    store         "
says "does not exist"
quiet
ln $file second
expect 1 "$quipu" doctor "$a"
says "$file has a second name (hard link); remove one of them"
rm second

# A user without rights, where another user can run the command at all.
as_other()
{
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
if [ "$(id -u)" = 0 ] && as_other "$quipu" --version >out 2>&1 &&
    as_other test -x .; then
    chmod 755 "$(dirname $file)"
    chmod 600 $file
    expect 1 as_other "$quipu" doctor "$a"
    says "fault    permissions   user id 65534 may not read $file (mode 0600,"
    says "may not create files in "
    chmod 644 $file
    if [ "$driver" = sqlite ]; then
        expect 0 as_other "$quipu" doctor "$a"
    else
        expect 1 as_other "$quipu" doctor "$a"
        says "user id 65534 may not read and write a/lock.mdb (readers of LMDB;"
    fi
    says "warning  permissions   user id 65534 may read $file, but not write it"
fi

# Of SQLite: a path with escapes, a store in memory, other files.
if [ "$driver" = sqlite ]; then
    expect 0 "$quipu" doctor "sqlite:///%61.db?timeout=300000"
    says "may read and write a.db"
    : >a.db-quipu-new
    expect 0 "$quipu" doctor "$a"
    says "note     files         a.db-quipu-new was left by a backup"
    echo "Dear diary" >foreign.db
    expect 1 "$quipu" doctor sqlite:///foreign.db
    says "fault    store         "
fi
expect 2 "$quipu" doctor "$a" more
complains "unexpected argument: more"
finish
