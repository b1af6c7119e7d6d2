#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Help, wrong usage, missing stores, and files that are not stores.
. "$(dirname "$0")/lib.sh"

# Help is printed on standard output.
expect 0 "$quipu" --help
says "usage: quipu COMMAND"
expect 0 "$quipu" --version
says "quipu 0."
"$quipu" help | sed -n 's/^  \([a-z]*\) .*/\1/p' >commands
[ "$(wc -l <commands)" -ge 20 ] || fail "help lists few commands"
for command in $(cat commands); do
    expect 0 "$quipu" $command --help
    says "usage: quipu $command"
    quiet
    expect 0 "$quipu" help $command
    says "usage: quipu $command"
done

expect 2 "$quipu" help frobnicate
complains "no command 'frobnicate'"
! grep -q "did you mean" err || fail "a suggestion for frobnicate"

# The nearest command or option is suggested.
for pair in lgo:log tali:tail exprot:export sequence:sequences stat:stats \
    drop: imports:import conusmers:consumers verfiy:verify x: bac:backup; do
    expect 2 "$quipu" "${pair%:*}"
    near=${pair#*:}
    if [ -n "$near" ]; then
        complains "did you mean '$near'?"
    else
        ! grep -q "did you mean" err || fail "a suggestion for $pair"
    fi
done
expect 2 "$quipu" log --sequnce x sqlite:///a.db
complains "unknown option: --sequnce; did you mean --sequence?"
expect 2 "$quipu" log --frobnicate sqlite:///a.db
! grep -q "did you mean" err || fail "a suggestion for --frobnicate"

# Wrong usage exits with 2 and a message on standard error.
expect 2 "$quipu"
complains "usage: quipu"
expect 2 "$quipu" frobnicate
complains "no command 'frobnicate'"
expect 2 "$quipu" log
complains "missing arguments; expected: URI"
expect 2 "$quipu" read sqlite:///a.db
complains "missing arguments; expected: URI SEQUENCE"
expect 2 "$quipu" info a b
complains "unexpected argument: b"
expect 2 "$quipu" log --frobnicate sqlite:///a.db
complains "unknown option: --frobnicate"
expect 2 "$quipu" log --from 1 sqlite:///a.db
complains "unknown option: --from"
expect 2 "$quipu" log sqlite:///a.db --limit
complains "missing value after --limit"
for number in x "" 1x " 1" -1 9223372036854775808; do
    expect 2 "$quipu" log --limit "$number" sqlite:///a.db
    complains "--limit takes a number"
done
expect 2 "$quipu" read --from x sqlite:///a.db y
complains "--from takes a number"
expect 2 "$quipu" log --follow --reverse sqlite:///a.db
complains "exclude each other"

# Malformed URIs, and an unknown option in a URI.
expect 2 "$quipu" info nothing
expect 2 "$quipu" info ../x:y
expect 2 "$quipu" info "sqlite:///a.db?frobnicate=yes"
complains frobnicate

# A missing driver, and one that cannot be loaded.
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
says "every driver:"
says "timeout=NUMBER  limit of each call in milliseconds (default: 5000)"
says "durability=TEXT  durability after a power cut: full or relaxed"
expect 0 "$quipu" drivers --json
grep '"scheme":"sqlite"' out | grep -q '"library":"SQLite ' ||
    fail "drivers --json lacks the version of the sqlite library"
says '"common_options":[{"name":"create","type":"yes|no","default":"yes",'

# Reading does not create a missing store, and does not change a foreign file.
expect 1 "$quipu" verify sqlite:///missing.db
complains missing.db
[ ! -e missing.db ] || fail "reading created a store"
echo "Dear diary" >foreign.db
for command in info namespaces sequences topics log consumers parked timers \
    verify; do
    expect 1 "$quipu" $command sqlite:///foreign.db
    complains foreign.db
done
[ "$(cat foreign.db)" = "Dear diary" ] || fail "reading changed a file"
sqlite3 other.db 'CREATE TABLE diary (day TEXT)'
before=$(cksum other.db)
expect 1 "$quipu" info sqlite:///other.db
[ "$(cksum other.db)" = "$before" ] || fail "reading changed a database"

# Reading changes no byte of a store.
"$plant" plain sqlite:///a.db 2 3
before=$(cksum a.db)
for command in info namespaces sequences topics log consumers parked timers \
    verify; do
    expect 0 "$quipu" $command sqlite:///a.db
    quiet
done
[ "$(cksum a.db)" = "$before" ] || fail "reading changed a store"

# The file is opened read-only.
if traced -o trace -f -e trace=openat "$quipu" log sqlite:///a.db >out; then
    grep '/a\.db"' trace >opened || fail "strace recorded no open of the store"
    ! grep O_RDWR opened || fail "the store was opened for writing"
fi

# Options of the URI override readonly=yes and create=no.
expect 0 "$quipu" info "sqlite:///a.db?readonly=no"
expect 0 "$quipu" info "sqlite:///new.db?create=yes&readonly=no"
[ -e new.db ] || fail "create=yes was ignored"

# Output that cannot be written is a failure; a reader that closes the pipe is
# not.
if [ -e /dev/full ]; then
    status=0
    "$quipu" log sqlite:///a.db >/dev/full 2>err || status=$?
    [ "$status" = 1 ] || fail "a full device exits with $status"
    complains "cannot write"
    # --follow does not wait for items that it could not write.
    status=0
    "$quipu" log --follow sqlite:///a.db >/dev/full 2>err || status=$?
    [ "$status" = 1 ] || fail "--follow to a full device exits with $status"
    ! grep 'write the output: [^N]' err || fail "the message has a wrong reason"
fi
# A store never gets the descriptor of a standard stream that is closed.
expect 0 "$quipu" copy sqlite:///a.db sqlite:///streams.db
traced -f -e trace=openat -o trace "$quipu" copy --progress sqlite:///a.db \
    sqlite:///streams.db <&- >&- 2>&- &&
        fail "a result that was not written is no failure"
sed -n '/\.db"/p' trace >opened
! grep '= [012]$' opened || fail "a store has the descriptor of a stream"
status=0
"$quipu" export sqlite:///a.db >&- 2>err || status=$?
[ "$status" = 1 ] || fail "a closed output exits with $status"
complains "cannot write the output"
status=0
"$quipu" import sqlite:///streams.db <&- >out 2>err || status=$?
[ "$status" = 1 ] || fail "a closed input exits with $status"
complains "cannot read the input"

"$plant" plain "sqlite:///big.db?durability=relaxed" 1 2000
"$quipu" log --json sqlite:///big.db 2>err | head -n 1 >out
quiet
[ "$(wc -l <out)" = 1 ] || fail "no line came through the pipe"
finish
