#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Help, wrong usage, and stores that are not there or are none.
. "$(dirname "$0")/lib.sh"

# Help for everybody, on standard output.
expect 0 "$quipu" --help
says "usage: quipu COMMAND"
expect 0 "$quipu" --version
says "quipu 0."
for command in drivers info sequences read log verify export import copy \
    bench; do
    expect 0 "$quipu" $command --help
    says "usage: quipu $command"
    quiet
    expect 0 "$quipu" help $command
    says "usage: quipu $command"
done

expect 2 "$quipu" help frobnicate
complains "no command 'frobnicate'"

# Wrong usage is 2, and says so on standard error.
expect 2 "$quipu"
complains "usage: quipu"
expect 2 "$quipu" frobnicate
complains "no command 'frobnicate'"
expect 2 "$quipu" log
complains "arguments are needed: URI"
expect 2 "$quipu" read sqlite:///a.db
complains "arguments are needed: URI SEQUENCE"
expect 2 "$quipu" info a b
complains "too many: b"
expect 2 "$quipu" log --frobnicate sqlite:///a.db
complains "unknown option: --frobnicate"
expect 2 "$quipu" log --from 1 sqlite:///a.db
complains "unknown option: --from"
expect 2 "$quipu" log sqlite:///a.db --limit
complains "a value is missing after --limit"
for number in x "" 1x " 1" -1 9223372036854775808; do
    expect 2 "$quipu" log --limit "$number" sqlite:///a.db
    complains "--limit takes a number"
done
expect 2 "$quipu" read --from x sqlite:///a.db y
complains "--from takes a number"
expect 2 "$quipu" log --follow --reverse sqlite:///a.db
complains "exclude each other"

# A URI that is none, or has an option that nobody knows.
expect 2 "$quipu" info nothing
expect 2 "$quipu" info ../x:y
expect 2 "$quipu" info "sqlite:///a.db?frobnicate=yes"
complains frobnicate

# A driver that is not there, or cannot be loaded.
expect 1 "$quipu" info frobnicate:x
complains "frobnicate.so"
echo garbage >garbage.so
QUIPU_DRIVER_PATH=$PWD expect 1 "$quipu" info garbage:x
complains garbage.so
expect 1 "$quipu" drivers --explain frobnicate:x
says "frobnicate.so"
QUIPU_DRIVER_PATH=$PWD expect 1 "$quipu" drivers --explain garbage
says "garbage.so"
QUIPU_DRIVER_PATH=$PWD expect 1 "$quipu" drivers
says unusable
expect 2 "$quipu" drivers --explain ../x
expect 0 "$quipu" drivers --explain sqlite:///a.db
says "sqlite.so"
expect 0 "$quipu" drivers
says "sqlite:"
says checkpoint=
expect 0 "$quipu" drivers --json
grep '"scheme":"sqlite"' out | grep -q '"library":"SQLite ' ||
    fail "drivers --json does not tell sqlite's library"

# A store that is not there is not made; a file that is none is left alone.
expect 1 "$quipu" verify sqlite:///missing.db
complains missing.db
[ ! -e missing.db ] || fail "looking made a store"
echo "Dear diary" >foreign.db
for command in info sequences log verify; do
    expect 1 "$quipu" $command sqlite:///foreign.db
    complains foreign.db
done
[ "$(cat foreign.db)" = "Dear diary" ] || fail "looking changed a file"
sqlite3 other.db 'CREATE TABLE diary (day TEXT)'
before=$(cksum other.db)
expect 1 "$quipu" info sqlite:///other.db
[ "$(cksum other.db)" = "$before" ] || fail "looking changed a database"

# Looking at a store changes no byte of it.
"$plant" plain sqlite:///a.db 2 3
before=$(cksum a.db)
for command in info sequences log verify; do
    expect 0 "$quipu" $command sqlite:///a.db
    quiet
done
[ "$(cksum a.db)" = "$before" ] || fail "looking changed a store"

# It could not, even if it wanted: the file is opened for reading only.
if strace -o trace -f -e trace=openat "$quipu" log sqlite:///a.db >out; then
    grep '/a\.db"' trace >opened || fail "strace saw no opening of the store"
    ! grep O_RDWR opened || fail "the store was opened for writing"
fi

# What the URI says itself holds.
expect 0 "$quipu" info "sqlite:///a.db?readonly=no"
expect 0 "$quipu" info "sqlite:///new.db?create=yes&readonly=no"
[ -e new.db ] || fail "create=yes was not heeded"

# An output that cannot be written is no success; a reader that has enough is
# no failure to talk about.
if [ -e /dev/full ]; then
    status=0
    "$quipu" log sqlite:///a.db >/dev/full 2>err || status=$?
    [ "$status" = 1 ] || fail "a full disk gave status $status"
    complains "cannot write"
    # Nor is it waited for more of what cannot be written.
    status=0
    "$quipu" log --follow sqlite:///a.db >/dev/full 2>err || status=$?
    [ "$status" = 1 ] || fail "following to a full disk gave status $status"
    ! grep 'write the output: [^N]' err || fail "another reason is told"
fi
# Where a stream is closed, no file of a store takes its place.
expect 0 "$quipu" copy sqlite:///a.db sqlite:///streams.db
strace -f -e trace=openat -o trace "$quipu" copy --progress sqlite:///a.db \
    sqlite:///streams.db <&- >&- 2>&- && fail "nobody saw the result"
sed -n '/\.db"/p' trace >opened
! grep '= [012]$' opened || fail "a store in place of a stream"
status=0
"$quipu" export sqlite:///a.db >&- 2>err || status=$?
[ "$status" = 1 ] || fail "a closed output gave status $status"
complains "cannot write the output"
status=0
"$quipu" import sqlite:///streams.db <&- >out 2>err || status=$?
[ "$status" = 1 ] || fail "a closed input gave status $status"
complains "the input cannot be read"

"$plant" plain "sqlite:///big.db?durability=relaxed" 1 2000
"$quipu" log --json sqlite:///big.db 2>err | head -n 1 >out
quiet
[ "$(wc -l <out)" = 1 ] || fail "no line came through the pipe"
finish
