#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A long command that a signal ends says how to go on.
. "$(dirname "$0")/lib.sh"

"$plant" plain "sqlite:///a.db?durability=relaxed" 1 2000

# says_after SIGNAL STATUS TEXT: sends the signal to the command, whose process
# is $command; fails unless it ends by it, with the text as its last message.
says_after()
{
    kill -s "$1" $command
    status=0
    wait $command || status=$?
    [ "$status" = "$2" ] || fail "status $status, not $2, after $1"
    complains "quipu: interrupted; $3"
}

# Export, whose reader does not read.
mkfifo pipe
for signal in INT:130 TERM:143 HUP:129; do
    : >err # before the command is started, which may be late
    env --default-signal=INT "$quipu" export --progress sqlite:///a.db >pipe \
        2>err &
    command=$!
    exec 3<pipe
    await $command grep -q exporting err
    says_after "${signal%:*}" "${signal#*:}" "the output is incomplete; run the"
    exec 3<&-
done

# Import, whose input does not end.
"$quipu" export sqlite:///a.db >a.jsonl
mkfifo input
: >err
env --default-signal=INT "$quipu" import --progress sqlite:///b.db <input \
    >out 2>err &
command=$!
exec 4>input
head -n 1000 a.jsonl >&4
await $command grep -q importing err
says_after INT 130 "the store has the items that were imported so far; to go on"
exec 4>&-
expect 0 "$quipu" verify sqlite:///b.db
"$quipu" import sqlite:///b.db <a.jsonl >out 2>err || fail "it cannot go on"

# A signal that the parent process ignores stays ignored.
(
    trap '' INT
    : >err
    "$quipu" export --progress sqlite:///a.db >pipe 2>err &
    command=$!
    exec 3<pipe
    await $command grep -q exporting err
    kill -s INT $command
    cat <&3 >exported
    wait $command || fail "an ignored signal ends the command"
    finish
) || failures=1
cmp a.jsonl exported || fail "the export is incomplete"
finish
