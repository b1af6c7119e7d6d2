#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The statements of docs/operations.md about SQLite, and about files in general.
. "$(dirname "$0")/lib.sh"
command -v sqlite3 >found || {
    echo "needs sqlite3" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}
mkdir data
db=$PWD/data/x.db
uri="sqlite:///$db?timeout=300000"

"$plant" plain "$uri" 3 100
"$plant" track "$uri"

# hold_open URI: starts a process that keeps the store open for writing, and
# waits until it has; let_go ends it.
hold_open()
{
    mkfifo held
    "$quipu" import "$1" <held >import 2>import.err &
    holder=$!
    exec 8>held
    await $holder has_lock_file "$1"
}
has_lock_file()
{
    path=${1#sqlite://} path=${path%%\?*}
    [ -e "$(realpath ".$path" 2>/dev/null || realpath "$path")-quipu" ]
}
let_go()
{
    exec 8>&-
    wait "$holder" || : # its input is no complete export
    rm held
}

# write_on URI: starts a process that appends until stop_writing.
write_on()
{
    rm -f stop
    (while [ ! -e stop ]; do "$plant" more "$1" 5 || exit 1; done) \
        >writer 2>&1 &
    writer=$!
}
stop_writing()
{
    : >stop
    wait "$writer" || { fail "the writer failed"; cat writer; }
}

claim "quipu backup runs beside programs that append"
write_on "$uri"
expect 0 "$quipu" backup "$uri" backup.db
stop_writing
expect 0 "$quipu" verify "sqlite:///backup.db"
[ "$(head_of sqlite:///backup.db)" -ge 300 ] || fail "the backup lacks events"

claim "An existing file is not replaced, unless --force is given"
cp backup.db before
expect 1 "$quipu" backup "$uri" backup.db
cmp backup.db before || fail "the backup was replaced"
expect 0 "$quipu" backup --force "$uri" backup.db
last=$(head_of "$uri")
holds sqlite:///backup.db "$last"

claim "A backup of SQLite is a database"
expect 0 "$quipu" log --limit 1 --reverse "sqlite:///backup.db"

claim "It refuses to replace a store that exists, unless --force is given"
claim "and always one that a process has open for writing"
expect 1 "$quipu" restore backup.db "$uri"
hold_open "$uri"
expect 1 "$quipu" restore --force backup.db "$uri"
complains "close it there first"
let_go
"$plant" more "$uri" 7
expect 0 "$quipu" restore --force backup.db "$uri"
holds "$uri" "$last"

claim "it gets the owner, group and mode of the store"
chmod 640 "$db"
chmod 644 backup.db
expect 0 "$quipu" backup --force "$uri" backup.db
[ "$(stat -c %a backup.db)" = 640 ] || fail "mode $(stat -c %a backup.db)"

claim "A restored store has the identity of the original (L5)"
expect 0 "$quipu" restore backup.db sqlite:///restored.db
[ "$(identity_of sqlite:///restored.db)" = "$(identity_of "$uri")" ] ||
    fail "another identity"

claim "keeps its position in the store itself is restored with it"
"$quipu" info --json sqlite:///restored.db | grep -q '"consumer":"report"' ||
    fail "tracking records are missing"

claim "To get a store with an identity of its own, use quipu copy"
expect 0 "$quipu" copy "$uri" sqlite:///own.db
[ "$(identity_of sqlite:///own.db)" != "$(identity_of "$uri")" ] ||
    fail "the same identity"

claim "sqlite3 x.db \".backup y.db\", VACUUM INTO"
write_on "$uri"
expect 0 sqlite3 -cmd ".timeout 60000" "$db" ".backup y.db"
expect 0 sqlite3 -cmd ".timeout 60000" "$db" "VACUUM INTO 'z.db'"
stop_writing
expect 0 "$quipu" verify sqlite:///y.db
expect 0 "$quipu" verify sqlite:///z.db

claim "A copy of x.db alone lacks the events that are still in x.db-wal"
claim "it refuses to open such a copy"
cp "$db" closed.db
holds sqlite:///closed.db "$(head_of "$uri")"
hold_open "$uri"
"$plant" more "$uri" 3
cp "$db" alone.db
expect 1 "$quipu" verify sqlite:///alone.db
complains "lacks the commits of its write-ahead log"
claim "UPDATE quipu_wal SET complete = 1"
expect 0 sqlite3 alone.db "UPDATE quipu_wal SET complete = 1"
expect 0 "$quipu" verify sqlite:///alone.db
let_go

claim "A process notices that at its next append, and refuses it"
mkdir target
target="sqlite:///$PWD/target/x.db"
"$plant" plain "sqlite:///source.db?timeout=300000" 5 1000
"$quipu" export sqlite:///source.db >lines
mkfifo pipe
"$quipu" import "$target?timeout=300000" <pipe >import 2>err &
importer=$!
exec 8>pipe
head -n 3000 lines >&8
has_items()
{
    [ "$("$quipu" log --limit 1 "$target" 2>/dev/null | wc -l)" -ge 2 ]
}
await $importer has_items
mv target moved
tail -n +3001 lines >&8 || :
exec 8>&-
wait $importer && fail "an append to a moved file was acknowledged"
complains "target/x.db"
expect 0 "$quipu" verify "sqlite:///$PWD/moved/x.db"

claim "A second name of a file (a hard link)"
ln "$db" linked.db
expect 2 "$quipu" info "$uri"
complains "has a second name (hard link)"
expect 2 "$quipu" info "sqlite:///linked.db"
rm linked.db

claim "Symbolic links to the file or to a folder are followed, and are harmless"
ln -s "$db" link.db
ln -s data folder
hold_open "sqlite:///link.db?timeout=300000"
"$plant" more "sqlite:///folder/x.db?timeout=300000" 2
[ ! -e link.db-wal ] || fail "a WAL beside the link"
let_go

claim "It needs no lock of the writers and may run every few seconds"
mkfifo commands
sqlite3 "$db" <commands >shell 2>&1 &
shell=$!
exec 9>commands
echo 'BEGIN IMMEDIATE; SELECT 1;' >&9
await $shell test -s shell
expect 0 "$quipu" info "sqlite:///$db?timeout=2000"
exec 9>&-
wait $shell || :

claim "A read-only program creates no file and leaves none"
ls data >before
expect 0 "$quipu" info "$uri"
expect 0 "$quipu" verify "$uri"
ls data >after
cmp before after || fail "files were left"
claim "The table gives a part of the sentence"
root=$(dirname "$page")/..
cat "$root"/core/*/*.c "$root"/drivers/*/*.c "$root"/drivers/*/*/*.c |
    tr '\n' ' ' | sed 's/" *"//g' >literals
sed -n 's/^| `\([^`]*\)` | `\([A-Z_]*\)` .*/\1/p' "$page" >parts
[ "$(wc -l <parts)" -ge 20 ] || fail "the table of messages is not found"
while read -r part; do
    grep -qF -- "$part" literals || fail "no message contains: $part"
done <parts
finish
