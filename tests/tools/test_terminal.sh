#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# On a terminal lines are cut to its width unless --full is given, a change is
# made only after a question, and a list that is watched is drawn again.
. "$(dirname "$0")/lib.sh"
# Skip the test where no terminal can be allocated.
script -qec true /dev/null </dev/null >/dev/null || {
    echo "no terminal can be allocated" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}

"$plant" odd sqlite:///a.db
"$plant" plain sqlite:///a.db 1 1

export QUIPU_PAGER= # none, but where it is tested

# on_terminal COLUMNS ARGUMENT...: runs quipu on a terminal of that width.
on_terminal()
{
    columns=$1
    shift
    quipu=$quipu script -qec "stty cols $columns; \"\$quipu\" $*" \
        /dev/null </dev/null | tr -d '\r' >out
}

# widest: prints the columns of the widest line of the last output.
widest()
{
    LC_ALL=C.UTF-8 wc -L <out
}

# A list of items fits the terminal: topic and state come first, ids are short,
# and columns are dropped.
export NO_COLOR=1
cut=$(printf '\342\200\246')
"$plant" plain sqlite:///p.db 2 1
on_terminal 80 log sqlite:///p.db
same <<END
id  topic           state     sequence  position
 1  Thing.Happened  {"n": 0}  8f7d29a0         0
 2  Thing.Happened  {"n": 0}  fe38b6f1         0
END
on_terminal 40 log sqlite:///p.db
same <<END
id  topic           state     sequence
 1  Thing.Happened  {"n": 0}  8f7d29a0
 2  Thing.Happened  {"n": 0}  fe38b6f1
END
on_terminal 24 log sqlite:///p.db
same <<END
id  topic           sta$cut
 1  Thing.Happened  {"n$cut
 2  Thing.Happened  {"n$cut
END
on_terminal 80 read sqlite:///p.db $zero --full
same <<END
id  sequence                              position  topic           state
 1  $zero         0  Thing.Happened  {"n": 0}
END
# Ids that begin alike get more letters; a long state is cut before others.
"$plant" plain sqlite:///w.db 0 0
for sequence in 1 1 2; do
    "$quipu" append --time "2026-12-01 09:30:15.5" \
        --metadata '{"user": "ann"}' \
        sqlite:///w.db 01910000-0000-7000-8000-00${sequence}000000001 \
        Order.Placed '{"text": "0123456789012345678901234567890"}' >out
done
on_terminal 80 log sqlite:///w.db
same <<END
id  topic         state                              sequence
 1  Order.Placed  {"text": "0123456789012345678901$cut  \
01910000-0000-7000-8000-001
 2  Order.Placed  {"text": "0123456789012345678901$cut  \
01910000-0000-7000-8000-001
 3  Order.Placed  {"text": "0123456789012345678901$cut  \
01910000-0000-7000-8000-002
END
on_terminal 160 read sqlite:///w.db 01910000-0000-7000-8000-002
same <<END
id  topic         state                                        sequence  \
position  time                  metadata
 3  Order.Placed  {"text": "0123456789012345678901234567890"}  01910000  \
       0  2026-12-01 09:30:15Z  {"user": "ann"}
END
"$plant" rich sqlite:///r.db
for width in 3 10 60 80 120; do
    for command in log "read --limit 9" sequences topics info namespaces; do
        sequence=
        [ "$command" = "${command#read}" ] || sequence=odd
        on_terminal $width $command sqlite:///r.db $sequence
        [ "$(widest)" -le $width ] || [ "$command" = info ] ||
            { fail "$command does not fit $width columns"; cat out; }
    done
done
on_terminal 80 log --schema rich --limit 3 sqlite:///r.db
says "even"
says "0102030405060708090a0b0c0d0e0$cut  odd"
on_terminal 60 log --full sqlite:///a.db
[ "$(widest)" -gt 200 ] || fail "--full cuts lines"
on_terminal 60 log --json sqlite:///a.db
[ "$(widest)" -gt 200 ] || fail "--json cuts lines"
on_terminal 160 log --schema rich --tail 1 --local sqlite:///r.db
says "  1970-01-01 00:00:00  "
on_terminal 160 log --schema rich --tail 1 sqlite:///r.db
says "  1970-01-01 00:00:00Z  "

# Colours on a terminal, unless NO_COLOR is set or the terminal has none.
colour=$(printf '\033[36mThing.Happened\033[m')
on_terminal 80 log --color always sqlite:///p.db
says "$colour"
expect 0 "$quipu" log --color always sqlite:///p.db
says "$colour"
unset NO_COLOR
export TERM=xterm
on_terminal 80 log sqlite:///p.db
says "$colour"
NO_COLOR= on_terminal 80 log sqlite:///p.db
says "$colour"
for no in "--color never" --json; do
    on_terminal 80 log $no sqlite:///p.db
    ! grep -q "$(printf '\033')" out || fail "colours with $no"
done
TERM=dumb on_terminal 80 log sqlite:///p.db
! grep -q "$(printf '\033')" out || fail "colours on a dumb terminal"
expect 0 "$quipu" log sqlite:///p.db
! grep -q "$(printf '\033')" out || fail "colours in a file"
expect 2 "$quipu" log --color sometimes sqlite:///p.db
complains "--color takes always, never or auto"
export NO_COLOR=1

# A pager shows lists on a terminal: $QUIPU_PAGER, else $PAGER, else less.
paged()
{
    unset QUIPU_PAGER
    on_terminal 80 "$@"
    export QUIPU_PAGER=
    grep -q '^page: ' out
}
export PAGER="sed 's/^/page: /'"
paged log sqlite:///p.db || { fail "no pager was used"; cat out; }
says "page:  2  Thing.Happened  {\"n\": 0}  fe38b6f1         0"
paged log --json sqlite:///p.db || fail "no pager was used for JSON"
paged drivers || fail "no pager was used for drivers"
paged read sqlite:///p.db $one || fail "no pager was used for a sequence"
! paged log --no-pager sqlite:///p.db || fail "--no-pager is ignored"
! paged log --follow --limit 1 sqlite:///p.db || fail "a pager with --follow"
! paged tail --limit 1 sqlite:///p.db || fail "a pager of tail"
! paged verify sqlite:///p.db || fail "a pager of verify"
! paged consumers --watch=0.01 sqlite:///missing.db || fail "--watch"
paged log sqlite:///missing.db || fail "messages do not go to the pager"
says "page: quipu: "
unset QUIPU_PAGER
"$quipu" log sqlite:///p.db >out
! grep -q '^page: ' out || fail "a pager without a terminal"
QUIPU_PAGER="sed 's/^/mine: /'" on_terminal 80 log sqlite:///p.db
says "mine:  1  Thing"
for none in "" cat; do
    PAGER=$none on_terminal 80 log sqlite:///p.db
    grep -q '^id  topic           state     sequence  position$' out ||
        fail "a pager although PAGER is '$none'"
done
PAGER='echo "LESS=$LESS"; cat' on_terminal 80 log sqlite:///p.db
says "LESS=FRX"
LESS=S PAGER='echo "LESS=$LESS"; cat' on_terminal 80 log sqlite:///p.db
says "LESS=S"
# less itself ends at once, since the output fits the screen.
if command -v less >/dev/null; then
    (
        unset PAGER LESS
        TERM=xterm on_terminal 80 log sqlite:///p.db
    )
    says "Thing.Happened"
fi
# A pager that its user ends ends the program, quietly, and is waited for.
"$plant" plain "sqlite:///big.db?durability=relaxed" 1 3000
status=0
quipu=$quipu PAGER='head -n 2; sleep 0.2; echo bye' script -qec \
    '"$quipu" log --full sqlite:///big.db' /dev/null </dev/null >out ||
    status=$?
[ "$status" = 0 ] || fail "status $status after the end of the pager"
[ "$(tr -d '\r' <out | sed -n '3,$p')" = bye ] ||
    { fail "output after the end of the pager"; cat out; }
unset PAGER
export QUIPU_PAGER=

# Progress has a rate and the time that is left, and fits the terminal.
"$quipu" export --progress sqlite:///big.db 2>err |
    { sleep 2.5; cat >exported; }
grep -Eq "exporting, [0-9]+ of 3000 \([0-9]+ %\), [0-9.]+/s, [0-9]+ s left" \
    err || { fail "the progress has no rate"; cat err; }
quipu=$quipu script -qec "stty cols 20; \"\$quipu\" verify sqlite:///big.db" \
    /dev/null </dev/null >out 2>err
tr '\r' '\n' <out | grep 'stored_eve' | sed "s/$(printf '\033\\[K')//g" >lines
grep -q "^stored_events: read$" lines || { fail "no progress"; cat lines; }

# answered ANSWER STATUS ARGUMENT...: runs quipu on a terminal whose user types
# the answer; fails unless it exits with STATUS.
answered()
{
    answer=$1
    expected=$2
    shift 2
    status=0
    printf '%s\n' "$answer" |
        quipu=$quipu script -qec "\"\$quipu\" $*" /dev/null >typed || status=$?
    tr -d '\r' <typed >out
    [ "$status" = "$expected" ] ||
        { fail "status $status, not $expected, after '$answer'"; cat out; }
}

"$plant" consume sqlite:///a.db mailer 1 >consumed
for answer in n "" no x; do
    answered "$answer" 1 consumers --reset mailer sqlite:///a.db
    says "Consumer 'mailer' has processed log 'stored_events' up to 1."
    says "It would process 1 notification again, from 1 on. Reset it? [y/N]"
    says "nothing was changed"
    answered "$answer" 1 consumers --remove mailer sqlite:///a.db
    says "would lose its position (1) and 0 parked events. Remove it?"
done
for answer in n "" no x; do
    answered "$answer" 1 erase --sequence $zero --from 0 sqlite:///a.db
    says "1 event of 'stored_events', sequence '$zero', positions 0 to 0 would"
    says "be erased for ever: state, metadata and further columns. Backups,"
    says "nothing was changed"
done
expect 0 "$quipu" erase --dry-run --sequence $zero --json sqlite:///a.db
says '"erasable":1'
expect 0 "$quipu" consumers --json sqlite:///a.db
says '"record":1'
answered y 0 consumers --reset mailer sqlite:///a.db
says "the record was moved from 1 to 0"
"$plant" project sqlite:///a.db 0
answered n 1 parked --consumer things@1 --drop 1 sqlite:///a.db
says "Consumer 'things@1' would never handle 1 parked event. Drop it? [y/N]"
answered YES 0 parked --consumer things@1 --drop 1 sqlite:///a.db
says "1 parked event dropped"
answered n 1 consumers --remove things@1 sqlite:///a.db
says "Its read model is not touched: drop its tables before the program opens"
answered yes 0 consumers --remove things@1 sqlite:///a.db
# A projection is refused without a question.
"$plant" project sqlite:///a.db 1
answered y 2 consumers --reset things@1 sqlite:///a.db
! grep -q 'y/N' out || fail "the user was asked in vain"

# The record moves while the user is asked: it is not overwritten.
"$plant" more sqlite:///a.db 2
"$plant" consume sqlite:///a.db mailer 1 >consumed
mkfifo answers
: >typed
quipu=$quipu script -qec "\"\$quipu\" consumers --reset mailer sqlite:///a.db" \
    /dev/null <answers >typed &
asked=$!
exec 4>answers
await $asked grep -qF '[y/N]' typed
"$plant" consume sqlite:///a.db mailer 1 >consumed
echo y >&4
status=0
wait $asked || status=$?
[ "$status" = 1 ] || fail "status $status although the record has moved"
tr -d '\r' <typed >out
says "was expected at notification 1, but it is at 2"
expect 0 "$quipu" consumers --json sqlite:///a.db
says '"consumer":"mailer","log":"stored_events","record":2,'

# The events that were counted are erased, and none that came meanwhile.
mkfifo consent
: >typed # before the command is started, which may be late
quipu=$quipu script -qec "\"\$quipu\" erase --log --from 2 --to 9 \
    --schema stored_events sqlite:///a.db" /dev/null <consent >typed &
asked=$!
exec 5>consent
await $asked grep -qF '[y/N]' typed
"$plant" more sqlite:///a.db 2
echo y >&5
wait $asked || fail "erasing failed"
tr -d '\r' <typed >out
says "2 events of 'stored_events', notification ids 2 to 3 would be erased"
expect 0 "$quipu" log --schema stored_events sqlite:///a.db
[ "$(grep -c '(erased)' out)" = 2 ] || { fail "not 2 are erased"; cat out; }

# --watch clears the screen before each list, and ends after the interrupt key.
mkfifo keys
quipu=$quipu script -qec "\"\$quipu\" consumers --watch=0.05 sqlite:///a.db" \
    /dev/null <keys >watched &
watcher=$!
exec 3>keys
drawn()
{
    [ "$(grep -c "$(printf '\033\\[H\033\\[2J')" watched)" -ge 3 ]
}
await $watcher drawn
printf '\003' >&3
status=0
wait $watcher || status=$?
[ "$status" = 0 ] || fail "--watch ends with $status after SIGINT"
finish
