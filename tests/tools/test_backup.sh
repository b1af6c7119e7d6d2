#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# backup and restore replace and refuse the right files, and a backup that is
# made during appends is a prefix of the log.
. "$(dirname "$0")/backup.sh"

plant_all "$(at a)" 2 3
exported a a.jsonl

# A backup and a restored store are the store, its identity included.
expect 0 "$quipu" backup "$(at a)" a.backup
quiet
says "backup          a.backup"
expect 0 "$quipu" restore a.backup "$(at b)"
quiet
exported b b.jsonl
cmp a.jsonl b.jsonl || fail "the restored store differs"
verified b
[ -z "$(find . -name '*-quipu*')" ] || fail "files are left: $(find .)"
if [ "$driver" = sqlite ]; then
    expect 0 "$quipu" verify --raw "sqlite:///a.backup?immutable=yes"
fi

# Nothing is replaced unasked, and nothing of the store itself.
before=$(cksum <a.backup)
expect 1 "$quipu" backup "$(at a)" a.backup
complains '--force'
expect 1 "$quipu" restore a.backup "$(at b)"
complains '--force'
[ "$before" = "$(cksum <a.backup)" ] || fail "the backup has changed"
expect 0 "$quipu" backup --force "$(at a)" a.backup
expect 0 "$quipu" restore --force a.backup "$(at b)"
for own in "$(data a)" "./$(data a)" "$(data a)-quipu"; do
    expect 2 "$quipu" backup --force "$(at a)" "$own"
done
ln -s "$(data a)" link
expect 2 "$quipu" backup --force "$(at a)" link
rm link
ln "$(data a)" link
expect 2 "$quipu" backup --force "$(at a)" link
expect 2 "$quipu" restore --force "$(data a)" "$(at a)"
rm link
expect 1 "$quipu" backup "$(at a)" missing/a.backup
complains "does not exist"
expect 2 "$quipu" backup "$(at a)" .
expect 1 "$quipu" backup "$(at missing)" x.backup
[ ! -e x.backup ] || fail "a backup of nothing was made"
expect 1 "$quipu" restore missing "$(at c)"
expect 1 "$quipu" restore --force a.backup "$(at c)&readonly=yes"
[ ! -e c ] || fail "a refused restore leaves something"
expect 1 "$quipu" backup "memory:?create=yes&readonly=no" x.backup
expect 1 "$quipu" restore a.backup missing:x

# A backup may be inside the store's folder and on another file system.
expect 0 "$quipu" backup "$(at a)" "$(dirname "$(data a)")/inside.backup"
other=$(mktemp /dev/shm/quipu-backup.XXXXXX)
expect 0 "$quipu" backup --force "$(at a)" "$other"
expect 0 "$quipu" restore --force "$other" "$(at b)"
exported b b.jsonl
cmp a.jsonl b.jsonl || fail "the store restored from elsewhere differs"
rm -f "$other"

# A backup has the owner, group and mode of the store, whatever file it
# replaces; a restored store has those of the file that it replaces.
chmod 640 "$(data a)"
echo old >mode.backup
chmod 644 mode.backup
expect 0 "$quipu" backup --force "$(at a)" mode.backup
[ "$(stat -c %a mode.backup)" = 640 ] || fail "mode: $(stat -c %a mode.backup)"
chmod 600 "$(data b)"
expect 0 "$quipu" restore --force mode.backup "$(at b)"
[ "$(stat -c %a "$(data b)")" = 600 ] || fail "mode of the restored store"
chmod 644 "$(data a)" "$(data b)"

# A damaged backup, and what is none, is refused before anything is changed.
exported b before.jsonl
size=$(stat -c %s a.backup)
for at_byte in 20 $((size / 2)) $((size * 3 / 4)); do
    cp a.backup damaged
    head -c 3000 /dev/zero | tr '\0' '\377' |
        dd of=damaged bs=1 seek="$at_byte" conv=notrunc 2>dd.err
    if "$quipu" restore --force damaged "$(at b)" >out 2>err; then
        # Only a page that is free may differ.
        exported b after.jsonl
        cmp before.jsonl after.jsonl || fail "damage at $at_byte is restored"
    fi
done
head -c $((size / 2)) a.backup >damaged
expect 1 "$quipu" restore --force damaged "$(at b)"
echo "no database, but longer than a header of one" >damaged
expect 1 "$quipu" restore --force damaged "$(at b)"
exported b after.jsonl
cmp before.jsonl after.jsonl || fail "a refused restore has changed the store"

# A file of somebody else that has the name of a part is left alone.
if [ "$driver" = sqlite ]; then
    echo "the diary of a user, and no write-ahead log at all" >b-wal
    expect 2 "$quipu" restore --force a.backup "$(at b)"
    grep -q diary b-wal || fail "the restore has removed a foreign file"
    rm b-wal
fi

# A store that is in use is not replaced, whoever uses it and however.
: >follow.out
"$quipu" log --follow --schema stored_events "$(at b)&readonly=no" \
    >follow.out 2>follow.err &
follower=$!
await $follower grep -q . follow.out
expect 1 "$quipu" restore --force a.backup "$(at b)"
complains "is open in"
kill $follower || :
wait $follower || :
if [ "$driver" = sqlite ]; then
    mkfifo pipe
    sqlite3 b <pipe >sqlite.out &
    shell=$!
    exec 9>pipe
    echo "BEGIN; SELECT 'reading' FROM stored_events LIMIT 1;" >&9
    await $shell grep -q reading sqlite.out
    expect 1 "$quipu" restore --force a.backup "$(at b)"
    complains "is open in another program"
    exec 9>&-
    wait $shell
fi
expect 0 "$quipu" restore --force a.backup "$(at b)"

# Backups during appends: each is a prefix of the final log.
"$plant" plain "$(patient "$driver:///busy")" 3 1
touch appending
(
    while [ -e appending ]; do
        "$plant" more "$(patient "$driver:///busy")" 40 >/dev/null || exit 1
    done
) &
appender=$!
taken=0
while [ $taken -lt 20 ]; do
    taken=$((taken + 1))
    expect 0 "$quipu" backup "$(patient "$driver:///busy")" busy.$taken
done
rm appending
wait $appender || fail "an append beside a backup failed"
exported busy busy.jsonl
grep '"type":"item"' busy.jsonl >busy.items
heads=
for backup in busy.[0-9]*; do
    remove_store one
    expect 0 "$quipu" restore "$backup" "$(at one)"
    verified one
    exported one one.jsonl
    grep '"type":"item"' one.jsonl >one.items
    head -n "$(wc -l <one.items)" busy.items | cmp - one.items ||
        fail "$backup is no prefix of the log"
    heads="$heads $(wc -l <one.items)"
    rm "$backup"
done
echo "heads of the backups:$heads"

# A write error, and a full disk, leave nothing.
for call in pwrite64,write,ftruncate:error=ENOSPC fsync,fdatasync:error=EIO \
    rename,renameat,renameat2:error=EIO; do
    for moment in 1 1+ 2+ 4+; do
        status=0
        traced -f -o trace -e trace="${call%%:*}" \
            -e inject="$call:when=$moment" \
            "$quipu" backup "$(at a)" full.backup >out 2>err || status=$?
        [ "$status" = 0 ] || [ ! -e full.backup ] ||
            fail "$call:$moment leaves a file"
        [ "$status" != 0 ] || grep -qv INJECTED trace ||
            fail "$call:$moment is not noticed"
        rm -f full.backup
        [ ! -e full.backup-quipu-new ] ||
            fail "$call:$moment leaves an unfinished file"
        rm -f full.backup-*
    done
done
finish
