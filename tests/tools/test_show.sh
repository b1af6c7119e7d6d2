#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# info, sequences, read and log: their output for known stores.
. "$(dirname "$0")/lib.sh"

a=$(store a)
empty=$(store empty)

"$plant" plain "$a" 2 3

expect 0 "$quipu" sequences "$a"
same <<END
sequence                              last position
$zero              2
$one              2
END
expect 0 "$quipu" sequences --json "$a"
same <<END
{"schema":"stored_events","sequence_id":"$zero","last_position":2}
{"schema":"stored_events","sequence_id":"$one","last_position":2}
END

expect 0 "$quipu" read "$a" $one
same <<END
id  sequence                              position  topic           state
 2  $one         0  Thing.Happened  {"n": 0}
 4  $one         1  Thing.Happened  {"n": 1}
 6  $one         2  Thing.Happened  {"n": 2}
END
quiet
expect 0 "$quipu" read --from 1 --to 1 "$a" $one
same <<END
id  sequence                              position  topic           state
 4  $one         1  Thing.Happened  {"n": 1}
END
# A limit counts in the direction of reading; options may follow arguments.
expect 0 "$quipu" read "$a" $one --reverse --limit 2 --json
same <<END
{"schema":"stored_events","notification_id":6,"sequence_id":"$one",\
"position":2,"topic":"Thing.Happened",\
"event_id":"23c08a33-3406-5691-81d2-21ef3cffed10","state":{"n":2},\
"state_hex":"81a16ed10002"}
{"schema":"stored_events","notification_id":4,"sequence_id":"$one",\
"position":1,"topic":"Thing.Happened",\
"event_id":"dfa8ab4c-6993-5df5-ac47-1611600aa1dc","state":{"n":1},\
"state_hex":"81a16ed10001"}
END
expect 0 "$quipu" read --from 3 "$a" $one
[ "$(wc -l <out)" = 1 ] || fail "a position beyond the last is printed"
expect 0 "$quipu" read --limit 0 --json "$a" $one
[ ! -s out ] || fail "a limit of 0 prints items"
expect 1 "$quipu" read "$a" 01020304-0506-0708-090a-0b0c0d0e0f10
complains "no sequence"
expect 2 "$quipu" read "$a" zero

expect 0 "$quipu" log --after 4 "$a"
same <<END
id  sequence                              position  topic           state
 5  $zero         2  Thing.Happened  {"n": 2}
 6  $one         2  Thing.Happened  {"n": 2}
END
expect 0 "$quipu" log --reverse --limit 1 "$a"
same <<END
id  sequence                              position  topic           state
 6  $one         2  Thing.Happened  {"n": 2}
END
expect 0 "$quipu" log --after 100 --json "$a"
[ ! -s out ] || fail "items are printed after the end"

# Several schemas, one of them with hostile names.
"$plant" odd "$a"
"$plant" sparse "$a"
"$plant" track "$a"
expect 0 "$quipu" log --schema stored_events --limit 1 "$a"
same <<END
id  sequence                              position  topic           state
 1  $zero         0  Thing.Happened  {"n": 0}
END
expect 1 "$quipu" log --schema frobnicate "$a"
complains "it has: odd; DROP TABLE \"x\" --, sparse, stored_events"
expect 2 "$quipu" log --follow "$a"
complains "--schema"
expect 0 "$quipu" read "$a" $zero
same <<END
sparse:
id  sequence                                          position  topic     state
 5  $zero  -9223372036854775808  Measured  {}
 4  $zero                    -7  Measured  {}
 3  $zero                     0  Measured  {}
 2  $zero                  1000  Measured  {}
 1  $zero   9223372036854775807  Measured  {}

stored_events:
id  sequence                              position  topic           state
 1  $zero         0  Thing.Happened  {"n": 0}
 3  $zero         1  Thing.Happened  {"n": 1}
 5  $zero         2  Thing.Happened  {"n": 2}
END
expect 0 "$quipu" read --schema sparse --from -7 --to 0 "$a" $zero
[ "$(wc -l <out)" = 3 ] || fail "negative bounds are ignored"

# Text of a store cannot control the terminal, in a table or as JSON.
odd=$(printf '\033[31mred\n\342\200\256')
expect 0 "$quipu" read "$a" "$odd"
says '\x1b[31mred\n\u202e         0  1970-01-01T00:00:00.000001Z  \u009b2J\x07'
says 'true  -9223372036854775808  0.5   tab\there  00ff'
says '{"k": "Infinity"}'
says c1c1
for json in "" --json; do
    expect 0 "$quipu" log $json "$a"
    ! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" out ||
        fail "a control character is not escaped"
    ! LC_ALL=C grep -q "$(printf '\302\233')" out ||
        fail "a C1 control is not escaped"
    ! LC_ALL=C grep -q "$(printf '\342\200\256')" out ||
        fail "an RLO is not escaped"
done
says '"sequence_id":"\u001B[31mred\n\u202e"'
says '"columns":{"yes":true,"number":-9223372036854775808,"real":0.5,'
says '"words":"tab\there","raw":"00ff","uuid":"73697874-6565-6e20-6279-'
says '"metadata_hex":"6dc3a97461"'
says '"state":null,"state_hex":"c1c1"'

expect 0 "$quipu" info "$a"
says "several processes may use it at the same time"
says "limits          a state: "
says "; an append: "
says "sparse (any, each taken once)"
says "contiguous (0, 1, 2 ...)"
says "na$(printf '\303\257')ve (sequence_id)"
says "moment (further, time)"
says 'mail\x07 has processed things up to 2'
expect 0 "$quipu" info --json "$a"
[ "$(wc -l <out)" = 1 ] || fail "info --json prints more than one line"
case $driver in
sqlite) more=',"backup","entries","erase","scrub"' ;;
postgres) more=',"entries","erase"' ;;
*) more=',"backup","entries","erase"' ;;
esac
says '"capabilities":["share","persist","log","track","transact"'"$more]"
says '"table":"stored_events","ids":"uuid","contiguous":true'
says '"head":6,"head_event_id":"23c08a33-3406-5691-81d2-21ef3cffed10"'
says '"tracking":[{"consumer":"mail\u0007","log":"things","notification_id":2}'

# A property of a PostgreSQL namespace.
case $driver in
postgres)
    flushes=$(store flushes)
    "$plant" plain "$flushes&shared_flush=yes" 0 0
    expect 0 "$quipu" info "$flushes"
    says "appends of several processes share a sync of the disk"
    expect 0 "$quipu" info --json "$flushes"
    says '"erase","share_flush"]'
    ;;
esac

# An empty store, and one with an empty schema.
"$plant" plain "$empty" 0 0
expect 0 "$quipu" log --json "$empty"
[ ! -s out ] || fail "an empty log prints items"
expect 0 "$quipu" info "$empty"
says "head          0"
finish
